import Attention
import Kernels
import Machine
import Policies
import Simulator
import Traces

/// Times whole replays, from the file to the database: of the first configuration, and then of one more each.
package struct ReplayBenchmark {
  /// Configurations to time at most: each is timed with all before it.
  private static let mostConfigurations = 64

  private let jobs: [ReplayJob]

  /// - Throws: `ReplayError` where a policy that was named cannot run, or there are too many configurations.
  package init(_ trace: Trace, _ request: ReplayRequest, budgets: [Budget]) throws {
    let prepared = try request.prepare(trace, budgets: .tokens(budgets))
    let configurations = try ReplayJob(prepared, isTimed: false).configurations
    guard configurations.count <= Self.mostConfigurations else {
      throw ReplayError(
        trace.path, expected: "at most \(Self.mostConfigurations) configurations to time",
        found: "\(configurations.count)", advice: "name fewer policies or budgets")
    }
    jobs = try configurations.indices.map { last in
      let own = Array(configurations[...last])
      var part = request
      // A profile is read only where one of these policies uses it.
      part.policies = PolicyChoice(own.map(\.policy))
      return try ReplayJob(part.prepare(trace), configurations: own, isTimed: false)
    }
  }

  /// Rounds of all replays, interleaved, after one that is not timed.
  ///
  /// - Parameter progress: called with parts done and parts in all.
  package func run(rounds: Int, kernels: Kernels, threads: Int, progress: (_ done: Int, _ total: Int) -> Void)
    throws -> ReplayTimeReport
  {
    var seconds = jobs.map { _ in [Double]() }
    for round in 0...rounds {
      for index in jobs.indices {
        let elapsed = try jobs[index].timeIntoNewDatabase()
        if round > 0 { seconds[index].append(elapsed) }
        progress(round * jobs.count + index + 1, (rounds + 1) * jobs.count)
      }
    }
    let roofline = Roofline.measure(kernels, threads: threads)
    let times = seconds.map(Quantity.init)
    let rows = try zip(jobs, times).enumerated().map { index, timed in
      let (job, time) = timed
      let floor = try ReplayFloor(job.trace, job.configurations, options: job.options)
      return ReplayTimeReport.Row(
        added: job.configurations[index].label, seconds: time, floorSeconds: floor.seconds(on: roofline),
        operations: floor.operations, scoreBytes: floor.scoreBytes,
        addedShareOfFirst: index == 0 ? nil : (time.median - times[index - 1].median) / times[0].median)
    }
    return ReplayTimeReport(
      trace: jobs.first?.trace.path ?? "", processor: HostMachine.current.processor, roofline: roofline,
      rows: rows)
  }
}
