import Policies
import Results

/// What a sweep would run, listed without running anything.
package struct SweepListing {
  private let plan: SweepPlan
  private let jobs: [ReplayJob]
  /// By trace, the places of what is not stored.
  private let missing: [[Int]]

  /// - Parameters:
  ///   - store: the database that the sweep is to write to; nil where there is none yet.
  ///   - known: databases whose configurations are left out.
  package init(_ sweep: Sweep, store: ResultsStore?, known: [ResultsStore] = []) throws {
    plan = sweep.plan
    jobs = sweep.jobs
    missing = try sweep.work(in: store, known: known).map(\.missing)
  }

  package struct JSON: Encodable {
    let traces: [TraceListing]

    struct TraceListing: Encodable {
      let trace: String
      let toRun: [String]
      let stored: [String]
    }
  }

  /// One configuration on one trace.
  package struct Line: Encodable {
    let trace: String
    let policy: String
    let label: String
    let budget: String?
    let isStored: Bool
  }

  package var lines: [Line] {
    zip(jobs, missing).flatMap { job, missing in
      let places = Set(missing)
      return job.configurations.enumerated().map { place, configuration in
        Line(
          trace: job.trace.path, policy: configuration.policy.descriptor.name, label: configuration.label,
          budget: configuration.budget?.description, isStored: !places.contains(place))
      }
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
        return .init(trace: job.trace.path, toRun: labels(true), stored: labels(false))
      })
  }

  /// A line per policy, with the traces' counts below.
  package var document: Document {
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
        .left("budgets", isProse: true) { $0.descriptor.usesBudget ? budgets : "its own" },
        .right("to run") { "\(toRun[$0] ?? 0)" },
        .right("stored") { "\((all[$0] ?? 0) - (toRun[$0] ?? 0))" },
      ])
    let counts = zip(jobs, missing).map { job, missing in
      "\(job.trace.path): \(missing.count) of \(job.configurations.count) to run"
    }
    let repeated = plan.request.policies.repeated
    let asked = repeated > 0 ? ["\(repeated) policies were asked for again, and run once"] : []
    return Document([
      .table(table), .lines(counts),
      .notes(asked + jobs.flatMap { job in job.notes.map { "\(job.trace.path): \($0)" } }),
    ])
  }
}
