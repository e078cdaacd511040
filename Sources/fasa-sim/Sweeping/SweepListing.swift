import Foundation
import Policies
import Results

/// What a sweep would run, as `--dry-run` lists it.
struct SweepListing {
  let plan: SweepPlan
  let jobs: [ReplayJob]
  /// By trace, the places of what is not stored.
  private let missing: [[Int]]

  /// - Parameter database: the path; a file that is not there holds nothing.
  init(plan: SweepPlan, jobs: [ReplayJob], database: String) throws {
    self.plan = plan
    self.jobs = jobs
    let digests = try Sweep.distinctDigests(jobs)
    if FileManager.default.fileExists(atPath: database) {
      let store = try ResultsStore(named: database, access: .readOnly)
      missing = try zip(jobs, digests).map { try $0.missing(in: store, traceDigest: $1) }
    } else {
      missing = jobs.map { Array($0.configurations.indices) }
    }
  }

  struct JSON: Encodable {
    let traces: [TraceListing]

    struct TraceListing: Encodable {
      let trace: String
      let toRun: [String]
      let storedAlready: [String]
    }
  }

  var json: JSON {
    JSON(
      traces: zip(jobs, missing).map { job, missing in
        let places = Set(missing)
        func labels(_ isMissing: Bool) -> [String] {
          job.configurations.indices.filter { places.contains($0) == isMissing }.map {
            job.configurations[$0].label
          }
        }
        return .init(trace: job.trace.path, toRun: labels(true), storedAlready: labels(false))
      })
  }

  /// A line per policy, with the traces' counts below.
  var text: String {
    var table = TextTable([("policy", .left), ("budgets", .left), ("to run", .right), ("stored", .right)])
    var (all, toRun): ([PolicyConfiguration: Int], [PolicyConfiguration: Int]) = ([:], [:])
    for (job, missing) in zip(jobs, missing) {
      for configuration in job.configurations { all[configuration.policy, default: 0] += 1 }
      for place in missing { toRun[job.configurations[place].policy, default: 0] += 1 }
    }
    let budgets = plan.budgets.map(\.description).shortList(atMost: 12)
    for policy in plan.policies {
      let own = toRun[policy] ?? 0
      table.add([
        policy.label, policy.descriptor.usesBudget ? budgets : "its own", "\(own)",
        "\((all[policy] ?? 0) - own)",
      ])
    }
    var lines = [table.text, ""]
    for (job, missing) in zip(jobs, missing) {
      lines.append(
        "\(job.trace.path): \(missing.count) of \(job.configurations.count) to run"
      )
    }
    lines += jobs.flatMap(\.notes).map { "note: \($0.onOneLine)" }
    if plan.repeated > 0 {
      lines.append("note: \(plan.repeated) policies were asked for again, and run once")
    }
    return lines.joined(separator: "\n")
  }
}
