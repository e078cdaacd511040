import Policies
import Results

/// What a sweep would run, listed without running anything.
package struct SweepListing {
  private let plan: SweepPlan
  private let jobs: [ReplayJob]
  /// By trace, the places of what is not stored.
  private let missing: [[Int]]

  /// - Parameter store: the database that the sweep is to write to; nil where there is none yet.
  package init(_ sweep: Sweep, store: ResultsStore?) throws {
    plan = sweep.plan
    jobs = sweep.jobs
    let digests = try sweep.distinctDigests()
    if let store {
      missing = try zip(jobs, digests).map { try $0.missing(in: store, traceDigest: $1) }
    } else {
      missing = jobs.map { Array($0.configurations.indices) }
    }
  }

  package struct JSON: Encodable {
    let traces: [TraceListing]

    struct TraceListing: Encodable {
      let trace: String
      let toRun: [String]
      let storedAlready: [String]
    }
  }

  package var json: JSON {
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
  package var text: String {
    var (all, toRun): ([PolicyConfiguration: Int], [PolicyConfiguration: Int]) = ([:], [:])
    for (job, missing) in zip(jobs, missing) {
      for configuration in job.configurations { all[configuration.policy, default: 0] += 1 }
      for place in missing { toRun[job.configurations[place].policy, default: 0] += 1 }
    }
    let budgets = plan.budgets.map(\.description).shortList(atMost: 12)
    let table = TextTable(
      plan.request.policies.configurations,
      [
        .left("policy") { $0.label },
        .left("budgets") { $0.descriptor.usesBudget ? budgets : "its own" },
        .right("to run") { "\(toRun[$0] ?? 0)" },
        .right("stored") { "\((all[$0] ?? 0) - (toRun[$0] ?? 0))" },
      ])
    var lines = [table.text, ""]
    for (job, missing) in zip(jobs, missing) {
      lines.append(
        "\(job.trace.path): \(missing.count) of \(job.configurations.count) to run"
      )
    }
    lines += jobs.flatMap { job in job.notes.map { "note: \("\(job.trace.path): \($0)".onOneLine)" } }
    let repeated = plan.request.policies.repeated
    if repeated > 0 {
      lines.append("note: \(repeated) policies were asked for again, and run once")
    }
    return lines.joined(separator: "\n")
  }
}
