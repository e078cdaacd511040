/// Attention expected of coming queries (Devoto et al., 2025; NVIDIA's kvpress).
///
/// Queries before rotation are taken as Gaussian, and turned by the mean rotation of the next positions; a token is worth the
/// attention that such a query is expected to give it, times the length of its value.
public struct ExpectedAttention: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "expected-attention",
    summary: "Keeps the prompt tokens that coming queries are expected to attend to.",
    paper: "https://arxiv.org/abs/2510.00636", kind: .eviction,
    parameters: [future, epsilon, ParameterDescriptor.sinks.defaulting(to: .integer(4))],
    common: [.denseLayers], needs: [.observationWindow],
    cost: "nothing",
    notes: """
      Mean and covariance are of the observation window's queries, per query head; attention, over what the first decode step sees beyond the sinks, is averaged over the \
      heads of a KV head, which keep one set. Decoded tokens take the places of the prompt tokens ranked last, as for snapkv; a 32-bit score is kept per prompt \
      token held.
      """)

  static let future = ParameterDescriptor(
    "future", .integer(1...100_000), default: .integer(512),
    help: "coming positions that are averaged over")
  static let epsilon = ParameterDescriptor(
    "epsilon", .number(0...1), default: .number(0),
    help: "added to the attention before it is multiplied by ‖v‖")

  private let future: Int
  private let epsilon: Float
  private let sinks: Int
  private let group: GroupContext
  private let rotation: Rotation
  private var cache: EvictionCache
  /// Unrotated queries of the observation window, `[head][query][channel]`.
  private var queries: [[[Double]]] = []
  /// By token; empty until the first step says what it sees.
  private var values: [Float] = []

  public init(parameters: ParameterValues, group: GroupContext) {
    future = parameters.integer(Self.future)
    epsilon = Float(parameters.number(Self.epsilon))
    sinks = parameters.integer(.sinks)
    self.group = group
    rotation = Rotation(group)
    cache = EvictionCache(group, perGroup: true)
  }

  public var choosesPerGroup: Bool { true }

  public mutating func observe(_ prompt: PromptView) throws {
    let window = try prompt.requiredWindow("expected-attention")
    queries = (0..<group.groupSize).map { window.unrotatedQueries(head: $0, rotation) }
  }

  /// A value per token: of the prompt's that a step sees, the sinks' is the highest; decoded ones are above all.
  private func judged(_ tables: GroupTables, visible: Range<Int>) -> [Float] {
    let count = min(group.promptTokens, tables.tokens)
    let first = min(max(sinks, visible.lowerBound), count)
    return tables.cached(
      "expected attention \(future) \(epsilon) \(sinks) \(visible.lowerBound)", ofPrompt: true
    ) {
      let values = tables.values
      let turn = rotation.meanTurn(over: group.promptTokens..<group.promptTokens + future)
      let attention = queries.map { expected($0, turn: turn, tables, first..<count) }.summed
      var result = (0..<tables.tokens).map { 0x1p20 + Float($0) }
      for token in first..<count {
        result[token] =
          (attention[token - first] / Float(group.groupSize) + epsilon) * (values?.norm(token) ?? 1)
      }
      let most = result[first..<count].max() ?? 0
      for token in 0..<first { result[token] = most }
      return result
    }
  }

  /// Softmax over some tokens of `k · μ · s + kᵀ Σ k · s² / 2`, s the model's scale.
  private func expected(
    _ queries: [[Double]], turn: [(cos: Double, sin: Double)], _ tables: GroupTables, _ tokens: Range<Int>
  ) -> [Float] {
    if tokens.isEmpty { return [] }
    let d = group.headDim
    let scale = Double(group.scale)
    let mean = meanVector(queries)
    var covariance = Array(repeating: Array(repeating: 0.0, count: d), count: d)
    for query in queries {
      let off = zip(query, mean).map { $0 - $1 }
      for i in 0..<d { for j in 0..<d { covariance[i][j] += off[i] * off[j] / Double(queries.count) } }
    }
    // R Σ Rᵀ: rows turned, then columns.
    let half = transposed(covariance.map { rotation.apply(turn, to: $0) })
    let turned = half.map { rotation.apply(turn, to: $0) }
    let centre = rotation.apply(turn, to: mean)
    let columns = transposed(turned).flatMap(\.self)
    var logits = tables.numbers(of: tokens) { _, key in
      let key = (0..<d).map { Double(key[$0]) }
      let rows = Self.products(columns, key)
      var (linear, square) = (0.0, 0.0)
      for i in 0..<d {
        linear += key[i] * centre[i]
        square += key[i] * rows[i]
      }
      return Float(linear * scale + square * scale * scale / 2)
    }
    tables.kernels.softmax(&logits)
    return logits
  }

  /// A square matrix times a vector, each sum in the order of the columns.
  ///
  /// Column by column the sums of all rows go on side by side; row by row each addition would wait for the one before.
  private static func products(_ columns: [Double], _ vector: [Double]) -> [Double] {
    let count = vector.count
    return [Double](unsafeUninitializedCapacity: count) { sums, initialized in
      sums.initialize(repeating: 0)
      columns.withUnsafeBufferPointer { columns in
        for (j, factor) in vector.enumerated() {
          let column = UnsafeBufferPointer(rebasing: columns[(j * count)..<((j + 1) * count)])
          for i in 0..<count { sums[i] += column[i] * factor }
        }
      }
      initialized = count
    }
  }

  public mutating func choose(_ block: QueryBlock) -> Selections? {
    if values.isEmpty, let first = block.steps.first {
      values = judged(block.tables, visible: first.visible)
      queries = []
    }
    return cache.walk(block, budgets: block.budgets, values: [values], keeping: Guard(sinks: sinks))
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    (cache.bytes(perToken: 4, before: group.promptTokens), 0)
  }
}

func transposed(_ matrix: [[Double]]) -> [[Double]] {
  (matrix.first ?? []).indices.map { column in matrix.map { $0[column] } }
}
