import Attention
import Kernels
import Policies

/// The exact results of one KV group for every configuration.
package struct GroupOutcome: Sendable {
  /// One per configuration.
  var configurations: [Configuration]
  let denseTraffic: Work
  /// For the layer's output projection, where that is asked for.
  var vectors: GroupVectors?

  package struct Configuration: Sendable {
    /// One per query head of the group.
    package var heads: [HeadResult]
    package var work: Work
    /// Beyond keys and values, at the last step.
    var residentExtra: (device: Int, host: Int)
    /// Where keys and values lie at the last step: on the device, whatever the policy, where the budget holds all.
    var cacheTier: MemoryTier
    /// Tokens that lie on the device beside a cache on the host, at the last step.
    var deviceTokens: Int
    /// Of each key that lies on the host, bytes that lie on the device, where the policy counts them.
    let deviceKeyBytes: Int
    /// Tokens still held after the last step; nil for all.
    var heldTokens: Int?
    /// What each query head chose at the last step (nil: all), for timing.
    var lastChoice: Selections?
    /// First token that the last step sees.
    var firstVisible: Int
    /// Tokens that the last step sees.
    var visibleTokens = 0
    /// What each step found in the hot buffer; empty where there is none.
    var hotSteps: [HotBufferStep] = []
    var choosesPerGroup: Bool
    /// Whether what was not chosen at the last step is gone.
    var isEvicting = false
  }
}

/// Replays the steps of one KV group, block after block, for all configurations side by side.
struct GroupReplay {
  let group: GroupContext
  let keys: KeyPanels
  let values: ValueTiles
  /// `[group heads][steps][headDim]`
  let queries: FloatBuffer
  let steps: [Step]
  /// How many of the steps, the first ones, only bring policies that keep state up to the first scored one.
  let warmUp: Int
  let prompt: PromptView
  /// The same cache in fewer bits, for configurations that store so.
  let stored: [StoredCache]
  let worker: ReplayWorker
  /// Whether outputs are kept for the layer's output projection.
  let keepsOutputs: Bool
  /// Whether what is chosen is kept.
  let keepsChoices: Bool

  /// Floats of a block's scores that are aimed at: enough rows that keys and values are read few times, few enough that
  /// the scores stay in the last-level cache.
  private static let blockFloats = 640_000

  /// Bytes of a block's scores, but for long caches, whose blocks have `fewestRows`.
  static var blockBytes: Int { blockFloats * 4 }

  /// Rows of a block, at least: with fewer, a long cache's keys and values are read from memory for too little work.
  private static let fewestRows = 48

  /// Steps of a block; it never decides a result, only where its scores lie. A multiple of 12 fills the kernels'
  /// blocks of rows under every instruction set.
  static func blockSteps(_ group: GroupContext, tokens: Int) -> Int {
    let fewest = (fewestRows + group.groupSize - 1) / group.groupSize
    let most = min(max(fewest, blockFloats / (group.groupSize * max(tokens, 1))), 60)
    return most < 12 ? most : most / 12 * 12
  }

  func run(_ configurations: [ReplayConfiguration]) throws -> GroupOutcome {
    var states = try configurations.map {
      try ConfigurationReplay(
        $0, policy: $0.policy.policy(for: group, asked: $0.budget), group: group, steps: scored,
        tokens: keys.tokens, keepsDifferences: keepsOutputs, keepsChoices: keepsChoices)
    }
    var outputs = keepsOutputs && !states.isEmpty ? OutputVectors(group, steps: scored.count) : nil
    for index in states.indices { try states[index].observe(prompt(for: configurations[index].policy)) }
    let remembering = configurations.indices.filter { configurations[$0].policy.keepsState }
    if !remembering.isEmpty {
      for range in warmUpBlocks {
        let blocks = choices(range)
        for index in remembering {
          try states[index].warmUp(blocks.block(of: configurations[index].policy))
        }
      }
    }
    // Dense attention's bytes are counted for nobody else's sake, too, and need no scores.
    for range in states.isEmpty ? [] : scoredBlocks {
      let blocks = try attended(range)
      let oracle = OracleMeasures(blocks.exact, keepsDifferences: keepsOutputs)
      outputs?.take(blocks.exact, firstStep: range.lowerBound - warmUp)
      for index in states.indices {
        try states[index].replay(blocks, firstStep: range.lowerBound - warmUp, oracle: oracle)
      }
    }
    let traffic = AttentionTraffic(group: group)
    return GroupOutcome(
      configurations: states.map { $0.finished() }, denseTraffic: traffic.dense(scored),
      vectors: outputs.map { GroupVectors(outputs: $0, differences: states.compactMap(\.differences)) })
  }

  /// The steps that metrics and bytes are of.
  var scored: [Step] { Array(steps[warmUp...]) }

  /// Blocks of the steps before the scored ones.
  var warmUpBlocks: [Range<Int>] { blocks(0..<warmUp) }

  var scoredBlocks: [Range<Int>] { blocks(warmUp..<steps.count) }

  private func blocks(_ range: Range<Int>) -> [Range<Int>] {
    let size = Self.blockSteps(group, tokens: keys.tokens)
    return stride(from: range.lowerBound, to: range.upperBound, by: size).map {
      $0..<min($0 + size, range.upperBound)
    }
  }

  /// What the prompt tells a policy, by the keys that it chooses by.
  func prompt(for policy: PolicyConfiguration) -> PromptView {
    guard !policy.choosesByExactKeys, let format = policy.cacheFormat else { return prompt }
    return stored.first { $0.format == format }?.prompt ?? prompt
  }

  /// The steps in `range`, attended to by every cache.
  func attended(_ range: Range<Int>) throws -> StoredBlocks {
    try StoredBlocks(choices(range), values: values)
  }

  /// The steps in `range`, to be chosen for.
  func choices(_ range: Range<Int>) -> ChoiceBlocks {
    ChoiceBlocks(
      block(range), caches: stored,
      lagged: LaggedBlocks { lag in
        block(
          range,
          queries: LaggedQueries.of(
            queries, range, steps: steps.count, heads: group.groupSize, width: group.headDim, lag: lag))
      }, worker: worker)
  }

  /// The steps in `range`, to be scored.
  ///
  /// - Parameter other: queries that are not the steps' own.
  func block(_ range: Range<Int>, queries other: FloatBuffer? = nil) -> ScoredBlock {
    ScoredBlock(
      group: group, steps: Array(steps[range]), kernels: worker.kernels, keys: keys,
      queries: other
        ?? queries.rows(range, of: steps.count, blocks: group.groupSize, width: group.headDim),
      tables: prompt.tables, pool: worker.pool, scratch: worker.scratch)
  }
}

extension FloatBuffer {
  /// Rows `range` of each of `blocks` blocks of `count` rows of `width` floats.
  func rows(_ range: Range<Int>, of count: Int, blocks: Int, width: Int) -> FloatBuffer {
    let result = FloatBuffer(count: blocks * range.count * width)
    for block in 0..<blocks {
      (result.pointer + block * range.count * width).update(
        from: pointer + (block * count + range.lowerBound) * width, count: range.count * width)
    }
    return result
  }
}

/// What one thread of a replay keeps from group to group.
final class ReplayWorker {
  let kernels: Kernels
  let pool = BufferPool()
  let scratch = TopKScratch()
  /// The last head's, whose memory the next one takes.
  var keys: KeyPanels?
  var values: ValueTiles?

  init(kernels: Kernels) { self.kernels = kernels }
}
