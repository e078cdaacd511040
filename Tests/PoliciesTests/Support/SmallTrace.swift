import Kernels

@testable import Policies

/// One KV group of a made-up trace of small integers, so that every score is exact.
struct SmallTrace {
  /// `[token][channel]`
  var keys: [[Int]]
  /// `[head of the group][step][channel]`
  var queries: [[[Int]]]
  var steps: [Step]
  /// Global numbers, so that a policy that counts heads within the group is found out.
  var queryHeads: Range<Int>
  var layer = 3
  var chunks: RopeChunks
  var scale: Float = 0.0625
  var logitSoftcap: Float?
  var seed: UInt64 = 42
  var agreement: ContextualAgreement?

  /// - Parameters:
  ///   - positions: of the queries; a query sees its own token and those before, at most `window`.
  init(
    heads: Int = 2, headDim: Int = 8, positions: [Int], window: Int = .max,
    pairing: RopeChunks.Pairing = .half, seed: UInt64 = 1
  ) {
    var random = SeededRandom(seed)
    // Some keys that no query may see.
    let tokens = (positions.max() ?? 0) + 6
    keys = (0..<tokens).map { _ in random.small(count: headDim) }
    queries = (0..<heads).map { _ in positions.map { _ in random.small(count: headDim) } }
    steps = positions.enumerated().map { index, position in
      Step(
        index: index, position: position, visible: max(0, position + 1 - min(window, tokens))..<position + 1)
    }
    queryHeads = 4..<4 + heads
    chunks = RopeChunks(pairing: pairing, rotaryDim: headDim)
  }

  var headDim: Int { keys[0].count }

  var group: GroupContext {
    GroupContext(
      layer: layer, modelLayers: 8, kvHead: 2, queryHeads: queryHeads, headDim: headDim, valueDim: headDim,
      element: .f16, scale: scale, logitSoftcap: logitSoftcap, promptTokens: 1, chunks: chunks, seed: seed,
      agreement: agreement)
  }

  /// The steps in `range` as the replay hands them to policies.
  func block(_ range: Range<Int>? = nil, pool: BufferPool = BufferPool()) throws -> ScoredBlock {
    let range = range ?? steps.indices
    let kernels = try Kernels()
    let rows = keys.flatMap { $0.map(Float.init) }
    let panels = rows.withUnsafeBytes {
      kernels.packKeys($0, element: .f32, tokens: keys.count, channels: headDim)
    }
    let asked = queries.flatMap { $0[range].flatMap { $0 } }
    let buffer = FloatBuffer(count: asked.count)
    for (i, value) in asked.enumerated() { buffer[i] = Float(value) }
    return ScoredBlock(
      group: group, steps: Array(steps[range]), kernels: kernels, keys: panels, queries: buffer,
      pool: pool)
  }

  func score(head: Int, step: Int, token: Int, channels: [Int]? = nil) -> Int {
    (channels ?? Array(0..<headDim)).reduce(0) { $0 + queries[head][step][$1] * keys[token][$1] }
  }
}
