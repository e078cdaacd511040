import Attention
import Policies

/// One configuration's step of one KV group, stage by stage, with dense attention over the same cache.
struct TimedStep {
  typealias Sample = (stage: Stage?, nanoseconds: Int, bytes: Int)

  let group: ColdGroup
  private let attention: DenseAttention
  private let stages: [(stage: Stage, operations: [TimedOperation])]
  private let clock = ContinuousClock()

  init(_ preparation: StepPreparation) {
    group = preparation.group
    let operations = preparation.operations()
    attention = DenseAttention(
      group, runs: [0..<group.tokens], heads: 0..<group.context.groupSize, kernels: preparation.kernels,
      scratch: preparation.scratch)
    stages = Stage.allCases.compactMap { stage in
      let own = operations.filter { $0.stage == stage }
      return own.isEmpty ? nil : (stage, own)
    }
  }

  func dense() -> Sample {
    let elapsed = clock.measure { attention.run() }
    return (nil, elapsed.nanoseconds, group.bytes)
  }

  func run() -> [Sample] {
    stages.map { stage, operations in
      let elapsed = clock.measure { for operation in operations { operation.run() } }
      return (stage, elapsed.nanoseconds, operations.reduce(0) { $0 + $1.bytes })
    }
  }
}

/// What a configuration did for one KV group: its work over the scored steps, and its choice at the last of them.
struct GroupChoice: Sendable {
  let layer: Int
  let kvHead: Int
  /// A row per query head, token numbers from the first visible one; nil for everything.
  let selections: Selections?
  let work: Work
  /// Scored steps, which the work is of.
  let steps: Int
  let choosesPerGroup: Bool
}
