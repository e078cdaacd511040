import Attention
import Foundation
import Policies
import Simulator
import Traces

/// About how long configurations of a trace take to replay here, and how much memory, before anything is read of it.
///
/// Time is what reading and scoring the trace takes, by its bytes, with what ``ReplayPace`` says of each configuration's policy, by
/// scored queries and tokens, divided among the threads; where kernels are timed, a fixed time for each configuration. Memory is a fixed
/// part with what each thread widens and scores, and what each configuration's results take. What it has been held against
/// is in docs/many-machines.md.
package struct ReplayEstimate {
  package let seconds: Double
  package let memoryBytes: Int

  /// Of the process before it has read anything: code, tables, the database.
  private static let processBytes = 44_000_000
  /// Of each scored query's metrics in each configuration.
  private static let resultBytes = 170
  /// Buffers that a policy has of a group's scores and of its keys and values, as multiples of both.
  private static let (scoreCopies, tokenCopies) = (2.5, 9.0)

  /// - Parameter places: of the configurations in the job.
  init(_ job: ReplayJob, places: [Int]) {
    let (plan, geometry) = (job.plan, job.trace.metadata.geometry)
    let policies = places.map { job.configurations[$0].policy }
    let queries = Double(plan.rows.count * plan.layers.count * plan.heads.count)
    let tokens = Double(job.trace.metadata.tokens.total)
    let walks = Dictionary(grouping: policies, by: ReplayBlocks.walk)
    let content = plan.layers.reduce(0) { $0 + job.trace.byteCount(layer: $1) }
    // Reading is done once more for each way of walking; the last of them is one thread's.
    let threads = Double(max(1, min(job.options.threads, plan.layers.count * geometry.kvHeads)))
    let blocks = (places.count + SweepUnit.mostConfigurations - 1) / SweepUnit.mostConfigurations
    let timing = job.isTimed ? Double(places.count) * ReplayPace.timingSeconds : 0
    seconds = walks.reduce(timing) { sum, walk in
      let own = walk.value.reduce(0.0) { $0 + queries * ReplayPace.of($1).seconds(tokens: tokens) }
      let reading = Double(blocks * content) * ReplayPace.readingSeconds
      return sum + (own + reading) / (walk.key == ReplayBlocks.lastWalk ? 1 : threads)
    }
    let group = Double(geometry.queryHeads / geometry.kvHeads)
    let wholeLayers = walks.keys.contains { $0 > 0 }
    let scores = Self.scoreCopies * Double(plan.rows.count) * tokens * group
    let widened = Self.tokenCopies * tokens * Double(geometry.headDim + geometry.valueDim)
    let perThread = (scores + widened) * Double(MemoryLayout<Float>.size)
    let block = min(places.count, SweepUnit.mostConfigurations)
    guard !places.isEmpty else {
      memoryBytes = 0
      return
    }
    memoryBytes =
      Self.processBytes
      + plan.walkBytes(job.trace, threads: job.options.threads, wholeLayers: wholeLayers)
      + Int(threads * perThread) + Int(queries) * block * Self.resultBytes
  }

  private init(seconds: Double, memoryBytes: Int) {
    (self.seconds, self.memoryBytes) = (seconds, memoryBytes)
  }

  /// Of work that is done one after the other.
  package static func sum(_ parts: [ReplayEstimate]) -> ReplayEstimate {
    ReplayEstimate(
      seconds: parts.reduce(0) { $0 + $1.seconds }, memoryBytes: parts.map(\.memoryBytes).max() ?? 0)
  }

  /// `about 4 min on 2 threads; 1.1 GiB`
  package func text(threads: Int) -> String {
    "\(Self.timeText(seconds, threads: threads)); \(Self.memoryText(memoryBytes))"
  }

  /// `about 4 min on 2 threads`
  static func timeText(_ seconds: Double, threads: Int) -> String {
    "\(DurationText.about(seconds)) on \(threads) \(threads == 1 ? "thread" : "threads")"
  }

  /// `1.1 GiB`
  static func memoryText(_ bytes: Int) -> String {
    let mebibytes = Double(bytes) / 1_048_576
    return mebibytes < 1000
      ? "\(Int(mebibytes.rounded())) MiB" : "\(NumberText.decimal(mebibytes / 1024, places: 1)) GiB"
  }
}

extension ReplayJob {
  /// Of what is still to compute.
  ///
  /// - Parameter places: of the configurations.
  package func estimate(_ places: [Int]) -> ReplayEstimate { ReplayEstimate(self, places: places) }
}
