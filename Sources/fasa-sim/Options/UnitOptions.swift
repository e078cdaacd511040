import ArgumentParser
import Experiments
import Results
import Simulator

/// Which part of a sweep runs, where many machines share it.
struct UnitOptions: ParsableArguments {
  @Flag(
    help: ArgumentHelp(
      "List the units with estimates of time and memory, and run nothing: one trace with at most \(SweepUnit.mostConfigurations) configurations each."
    ))
  var units = false

  @Option(help: ArgumentHelp("Run the unit of this name alone. Repeat for several.", valueName: "name"))
  var unit: [String] = []

  @Option(help: ArgumentHelp("Run the i-th of n equal parts of the units alone.", valueName: "i/n"))
  var shard: SweepShard?

  @Option(
    help: ArgumentHelp(
      "Leave out what this database holds, by this build of fasa-sim. Repeat for several.", valueName: "file"),
    completion: .database)
  var known: [String] = []

  @Option(
    help: ArgumentHelp(
      "With --unit or --shard: where the database is written before it is moved into place. (default: the system's folder for temporary files)",
      valueName: "folder"),
    completion: .directory)
  var scratch: String?

  /// Whether a part of the sweep is run.
  var isPart: Bool { shard != nil || !unit.isEmpty }

  func validate() throws {
    let given = [
      units ? "--units" : nil, unit.isEmpty ? nil : "--unit", shard == nil ? nil : "--shard",
    ].compactMap(\.self)
    guard given.count <= 1 else {
      throw ValidationError(
        "\(given.joined(separator: " and ")): expected one of them, found \(given.count == 2 ? "both" : "all"); leave one in"
      )
    }
    guard scratch == nil || isPart else {
      throw ValidationError("--scratch: expected --unit or --shard with it, found neither; leave it out")
    }
  }

  func knownStores() throws -> [ResultsStore] {
    try known.map { try ResultsStore(named: $0, access: .readOnly) }
  }

  /// The sweep of what is asked for.
  func sweep(_ plan: SweepPlan) throws -> Sweep {
    if let shard { return try Sweep(plan).shard(shard) }
    if unit.isEmpty { return try Sweep(plan) }
    do { return try Sweep(plan, units: Set(unit)) } catch let error as ReplayError
      where error.kind == .unknownUnit
    { throw ValidationError("--unit: \(error)") }
  }
}

extension SweepShard: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

/// Where traces are found that are named by their digests.
struct TraceCacheOptions: ParsableArguments {
  @Option(
    name: .customLong("trace-cache"),
    help: ArgumentHelp(
      "Folder in which traces named by digest, sha256:HEX, are found as HEX.zst or HEX.safetensors; \(TraceLocator.variable) by default.",
      valueName: "folder"),
    completion: .directory)
  var traceCache: String?

  var locator: TraceLocator { TraceLocator(cache: traceCache) }
}
