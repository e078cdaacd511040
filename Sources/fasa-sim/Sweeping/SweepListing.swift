import Foundation
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
    for policy in plan.policies {
      var (toRun, stored) = (0, 0)
      for (job, missing) in zip(jobs, missing) {
        let places = job.configurations.indices.filter { job.configurations[$0].policy == policy }
        let own = Set(missing).intersection(places).count
        toRun += own
        stored += places.count - own
      }
      let budgets =
        policy.descriptor.usesBudget ? plan.budgets.map(\.description).joined(separator: ", ") : "its own"
      table.add([policy.label, budgets, "\(toRun)", "\(stored)"])
    }
    var lines = [table.text, ""]
    for (job, missing) in zip(jobs, missing) {
      lines.append(
        "\(job.trace.path): \(missing.count) of \(job.configurations.count) to run"
      )
    }
    lines += jobs.flatMap(\.notes).map { "note: \($0)" }
    if plan.repeated > 0 {
      lines.append("note: \(plan.repeated) policies were asked for again, and run once")
    }
    return lines.joined(separator: "\n")
  }
}
