import ArgumentParser
import Foundation
import Hardware
import Kernels
import Policies
import Simulator
import Traces

struct BenchReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Times whole replays, from the file to the database, against their floor.",
    discussion: """
      Each line adds a configuration to the ones before. The floor is the multiply-adds that the metrics need at the \
      measured peak, and one read of the scores for each set that is chosen; reading, decompressing, hashing, \
      exponentials and the database are not in it. Rounds of all lines are interleaved.

      EXAMPLES:
        fasa-sim bench replay traces/prose-8192.zst
        fasa-sim bench replay big.zst --policy oracle,fasa,streaming-llm --profile p.json --repeats 9
      """)

  @Argument(help: "Trace to replay.", completion: .file())
  var trace: String

  @Option(
    help: ArgumentHelp(
      "Policies with parameters, in the order in which they are added.", valueName: "policy,…"))
  var policy: [String] = ["oracle,fasa"]

  @Option(help: ArgumentHelp("Token budget: a count or a share.", valueName: "k"))
  var budget = BudgetList([.tokens(256)])

  @Option(
    help: ArgumentHelp(
      "Calibration profile; the bundled one of the trace's model by default.", valueName: "file"),
    completion: .file())
  var profile: String?

  @Flag(
    name: .customLong("self-calibrate"),
    help:
      "Calibrate FASA's chunks on the trace's own earliest queries, in place of a profile, and score none of them for any policy."
  )
  var selfCalibrates = false

  @Option(help: "Timed runs of each line, after one that is not.")
  var repeats = 7

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup var machine: MachineOptions

  func validate() throws {
    guard (1...1000).contains(repeats) else {
      throw ValidationError("--repeats \(repeats): expected 1 to 1000")
    }
  }

  func run() throws {
    let opened = try Trace(path: trace)
    let configurations = try ReplayConfiguration.grid(
      PolicyGrammar.parse(policy), budgets: budget.budgets)
    // Each is timed with all before it.
    guard configurations.count <= NumberList.mostNumbers else {
      throw ReplayError(
        "expected at most \(NumberList.mostNumbers) configurations to time, found \(configurations.count): name fewer policies or budgets"
      )
    }
    let jobs = try configurations.indices.map { last in
      try ReplayJob(
        trace: opened, configurations: Array(configurations[...last]),
        options: options(opened, Array(configurations[...last])), isTimed: false, detail: .head,
        computesAgain: false,
        isSilent: true)
    }
    let line = ProgressLine("timing replays")
    var seconds = jobs.map { _ in [Double]() }
    for round in 0...repeats {
      for index in jobs.indices {
        let elapsed = try jobs[index].timeIntoNewDatabase()
        if round > 0 { seconds[index].append(elapsed) }
        line.update(round * jobs.count + index + 1, of: (repeats + 1) * jobs.count)
      }
    }
    let roofline = Roofline.measure(try Kernels(machine.instructionSet), threads: machine.threads)
    line.finish()
    let times = seconds.map(Quantity.init)
    let rows = try jobs.indices.map { index in
      let floor = try ReplayFloor(opened, jobs[index].configurations, options: jobs[index].options)
      return ReplayTimeReport.Row(
        added: configurations[index].label, seconds: times[index], floorSeconds: floor.seconds(on: roofline),
        operations: floor.operations, scoreBytes: floor.scoreBytes,
        addedShareOfFirst: index == 0
          ? nil : (times[index].median - times[index - 1].median) / times[0].median)
    }
    let report = ReplayTimeReport(
      trace: trace, processor: HostMachine.current.processor, roofline: roofline, rows: rows)
    if json { try Output.json(report) } else { try Output.text(report.text) }
  }

  private func options(_ trace: Trace, _ configurations: [ReplayConfiguration]) throws -> ReplayOptions {
    ReplayOptions(
      threads: machine.threads, instructionSet: machine.instructionSet,
      profile: try ProfileLocator.profile(
        given: profile, for: trace, configurations.map(\.policy), selfCalibrates: selfCalibrates),
      selfCalibrates: selfCalibrates)
  }
}

/// What `bench replay` tells.
struct ReplayTimeReport: Encodable {
  struct Row: Encodable {
    let added: String
    let seconds: Quantity
    let floorSeconds: Double
    let operations: Int
    let scoreBytes: Int
    /// What the last configuration added, over the time of the first alone.
    let addedShareOfFirst: Double?
  }

  let trace: String
  let processor: String
  let roofline: Roofline
  let rows: [Row]

  var text: String {
    var table = TextTable([
      ("replay of", .left), ("s", .right), ("95 %", .right), ("floor, s", .right), ("of floor", .right),
      ("adds, of first", .right),
    ])
    for (index, row) in rows.enumerated() {
      table.add([
        (index == 0 ? "" : "+ ") + row.added, NumberText.decimal(row.seconds.median),
        "\(NumberText.decimal(row.seconds.low))–\(NumberText.decimal(row.seconds.high))",
        NumberText.decimal(row.floorSeconds), NumberText.times(row.seconds.median / row.floorSeconds),
        NumberText.percent(row.addedShareOfFirst),
      ])
    }
    let peak = NumberText.decimal(roofline.operationsPerSecond.median / 1e9, places: 0)
    return
      "\(processor), \(roofline.instructionSet.rawValue), \(roofline.threads) threads, \(peak) GFLOP/s\n\n\(table.text)"
  }
}
