import Pricing
import Simulator

extension Sweep {
  /// All that is asked for in parts, in the order of their names.
  public func allUnits() throws -> [SweepUnit] {
    try jobs.indices.flatMap { try jobs[$0].units(trace: names[$0], digest: digests[$0], job: $0) }
      .sorted { $0.name < $1.name }
  }

  /// The sweep of one shard's units alone.
  public func shard(_ shard: SweepShard) throws -> Sweep { only(shard.units(of: try allUnits())) }

  func only(_ units: [SweepUnit]) -> Sweep {
    Sweep(plan, jobs: jobs, names: names, digests: digests, units: units, pricing: pricing)
  }

  /// The sweep of some units alone.
  ///
  /// Traces are opened in the plan's order until all units are found: one that cannot be read keeps nobody from the units of
  /// another.
  ///
  /// - Throws: what ``init(_:)`` does; `ReplayError` of kind `unknownUnit` where the plan has none of that name.
  public init(_ plan: SweepPlan, units wanted: Set<String>) throws {
    let pricing = StoredPricing(machines: try PricedMachine.named(plan.hardware))
    var (jobs, names, digests): ([ReplayJob], [String], [String]) = ([], [], [])
    var found: [SweepUnit] = []
    var unread: (any Error)?
    for name in plan.traces where found.count < wanted.count {
      do {
        let job = try plan.job(name)
        let digest = try job.trace.claimedDigest()
        if digests.contains(digest) { continue }
        let own = try job.units(trace: name, digest: digest, job: jobs.count).filter {
          wanted.contains($0.name)
        }
        if own.isEmpty { continue }
        found += own
        jobs.append(job)
        names.append(name)
        digests.append(digest)
      } catch {
        unread = unread ?? error
      }
    }
    if let missing = wanted.subtracting(found.map(\.name)).min() {
      // It may be of the trace that could not be read.
      if let unread { throw unread }
      throw ReplayError(
        "unit '\(missing)'", kind: .unknownUnit, expected: "a unit of this sweep", found: "none of that name",
        advice: "list the units: names change with the traces' bytes and with what is asked of them")
    }
    self.init(
      plan, jobs: jobs, names: names, digests: digests, units: found.sorted { $0.name < $1.name },
      pricing: pricing)
  }
}
