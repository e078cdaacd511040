import Attention
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
  var statistics: HeadStatistics?
  /// Radians per token of each chunk.
  var frequencies: [Double] = []
  var promptTokens = 1
  /// `[token][channel]`; empty for a group without values.
  var values: [[Int]] = []
  /// The observation window: positions in the prompt, and `[head of the group][position][channel]`.
  var windowPositions: [Int] = []
  var windowQueries: [[[Int]]] = []
  /// `[head of the group][prompt token]`
  var promptAttention: [[Float]]?
  /// Scores from elsewhere.
  var given = GivenScores()

  /// - Parameters:
  ///   - positions: of the queries; a query sees its own token and those before, at most `window`.
  init(
    heads: Int = 2, headDim: Int = 8, positions: [Int], window: Int = .max,
    pairing: RopePairing = .half, seed: UInt64 = 1
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
      element: .f16, scale: scale, logitSoftcap: logitSoftcap, promptTokens: promptTokens, chunks: chunks,
      seed: seed, agreement: agreement, statistics: statistics, frequencies: frequencies, given: given)
  }

  /// The keys and values, as blocks and prompt share them.
  func tables() throws -> GroupTables {
    let kernels = try Kernels()
    let panels = panels(kernels)
    guard let width = values.first?.count else { return GroupTables(kernels: kernels, keys: panels) }
    let tiles = Self.bytes(values) {
      kernels.packValues($0, element: .f32, tokens: values.count, channels: width)
    }
    return GroupTables(kernels: kernels, keys: panels, values: tiles)
  }

  private func panels(_ kernels: Kernels) -> KeyPanels {
    Self.bytes(keys) { kernels.packKeys($0, element: .f32, tokens: keys.count, channels: headDim) }
  }

  private static func bytes<R>(_ rows: [[Int]], _ body: (UnsafeRawBufferPointer) -> R) -> R {
    rows.flatMap { $0.map(Float.init) }.withUnsafeBytes(body)
  }

  /// The steps in `range` as the replay hands them to policies.
  func block(_ range: Range<Int>? = nil, pool: BufferPool = BufferPool(), tables: GroupTables? = nil) throws
    -> ScoredBlock
  {
    let range = range ?? steps.indices
    return try block(
      Array(steps[range]), queries.map { Array($0[range]) }, pool: pool, tables: tables ?? self.tables())
  }

  private func block(
    _ steps: [Step], _ queries: [[[Int]]], pool: BufferPool = BufferPool(), tables: GroupTables
  ) throws -> ScoredBlock {
    let asked = queries.flatMap { $0.flatMap { $0 } }
    let buffer = FloatBuffer(count: asked.count)
    for (i, value) in asked.enumerated() { buffer[i] = Float(value) }
    return ScoredBlock(
      group: group, steps: steps, kernels: tables.kernels, keys: panels(tables.kernels), queries: buffer,
      tables: tables,
      pool: pool)
  }

  /// What the prompt tells.
  func prompt(_ tables: GroupTables) throws -> PromptView {
    let steps = windowPositions.enumerated().map { Step(index: $0, position: $1, visible: 0..<$1 + 1) }
    return PromptView(
      window: steps.isEmpty ? nil : try block(steps, windowQueries, tables: tables),
      attention: promptAttention,
      tables: tables)
  }

  /// The same with a prompt of `prompt` tokens whose last `window` positions are traced, and with values,
  /// frequencies and statistics of its own.
  func complete(prompt: Int, window: Int = 4) -> SmallTrace {
    var result = self
    var random = SeededRandom(91)
    result.promptTokens = prompt
    result.windowPositions = Array(max(0, prompt - window)..<prompt)
    result.windowQueries = queries.map { _ in result.windowPositions.map { _ in random.small(count: headDim) }
    }
    result.values = keys.map { _ in random.small(count: headDim) }
    result.frequencies = (0..<headDim / 2).map { [1, 0.25, 0.0625, 0.015625][$0 % 4] }
    result.statistics = HeadStatistics(layers: [Self.statistics(layer: layer, trace: self, &random)])
    return result
  }

  private static func statistics(layer: Int, trace: SmallTrace, _ random: inout SeededRandom)
    -> HeadStatistics.Layer
  {
    let d = trace.headDim
    func axes() -> AxisMatrix {
      var matrix = Array(repeating: Array(repeating: 0.0, count: d), count: d)
      for i in 0..<d {
        for j in 0...i { (matrix[i][j], matrix[j][i]) = (Double(random.small()), matrix[i][j]) }
      }
      for i in 0..<d { for j in 0..<i { matrix[j][i] = matrix[i][j] } }
      return AxisMatrix(
        axes: SymmetricEigen.axes(matrix).map { $0.map(Float.init) }, variances: (0..<d).map { Float(d - $0) }
      )
    }
    func rows(_ count: Int, _ width: Int) -> [[Float]] {
      (0..<count).map { _ in (0..<width).map { _ in Float(abs(random.small())) / 4 } }
    }
    var result = HeadStatistics.Layer(
      layer: layer, keyAxes: (0..<3).map { _ in axes() }, unrotatedKeyAxes: (0..<3).map { _ in axes() },
      channelWeights: rows(3, d), queryCentres: rows(8, d),
      queryNorms: rows(8, d / 2).map { $0.map { $0 + 2 } },
      retrieval: [0.2, 0.3, 0.1])
    result.ownChannelWeights = rows(8, d)
    return result
  }

  func score(head: Int, step: Int, token: Int, channels: [Int]? = nil) -> Int {
    (channels ?? Array(0..<headDim)).reduce(0) { $0 + queries[head][step][$1] * keys[token][$1] }
  }
}
