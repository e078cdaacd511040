import Kernels

/// Keys speculated on a skewed part of their channels (Lee et al., OSDI 2024).
///
/// Each head's queries and keys are turned onto the principal axes of the prompt's queries, where a few channels carry most of a
/// score. The tokens whose partial logit comes within α of the largest are fetched, as many for every head of the
/// group as its heads need on average, and at most k.
public struct InfiniGen: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "infinigen",
    summary: "Fetches the tokens whose logit on a few skewed channels comes near the largest.",
    paper: "https://arxiv.org/abs/2406.19707", kind: .selection,
    parameters: [
      ParameterDescriptor(
        "alpha", .number(0...1000), default: .number(4), help: "α, how far below the largest logit"),
      ParameterDescriptor(
        "ratio", .amount, default: .amount(.share(0.2)),
        help: "skewed channels that are scored: a count or a share of d"),
    ], needs: [.observationWindow],
    prefetches: true, cost: "ratio d a token and query head, ratio d² a query head for the axes; scores",
    notes: """
      Optimistic: the authors speculate from the layer before, on its input; here the layer's own query is used, which a trace holds. The axes \
      come from the observation window, per query head. Takes at most k tokens, fewer where fewer come within α. Keys and values lie on the host.
      """)

  private let alpha: Float
  private let rank: Int
  private let group: GroupContext
  /// `[head][axis][channel]`
  private var axes: [[[Float]]] = []

  public init(parameters: ParameterValues, group: GroupContext) {
    alpha = Float(parameters.number("alpha"))
    rank = parameters.amount("ratio", of: group.headDim)
    self.group = group
  }

  public var cacheTier: MemoryTier { .host }

  public mutating func observe(_ prompt: PromptView) throws {
    let window = try prompt.requiredWindow("infinigen")
    let d = group.headDim
    axes = (0..<group.groupSize).map { head in
      let all = prompt.tables.cached("query axes \(head)") {
        var moments = Array(repeating: Array(repeating: 0.0, count: d), count: d)
        for step in window.steps.indices {
          let query = window.query(window.row(head: head, step: step))
          for i in 0..<d { for j in 0..<d { moments[i][j] += Double(query[i]) * Double(query[j]) } }
        }
        return SymmetricEigen.axes(moments).map { $0.map(Float.init) }
      }
      return Array(all.prefix(rank))
    }
  }

  public func choose(_ block: QueryBlock) -> Selections? {
    let d = group.headDim
    let bytes = block.visibleTokens * rank * group.element.byteCount * group.groupSize
    block.charge(
      .init(.metadata, .stream), readPerHead: bytes, readGroupUnion: bytes,
      written: block.steps.count * rank * group.element.byteCount * group.groupSize)
    block.chargeMatrix(bytes: rank * group.keyRowBytes, isShared: false)
    block.chargeWrittenScores()
    // A product on r axes is the product of the key with the query's part in their span.
    let queries = block.derivedQueries(width: d) { row, query, out in
      for c in 0..<d { out[c] = 0 }
      for axis in axes[row / block.steps.count] {
        var along: Float = 0
        for c in 0..<d { along += axis[c] * query[c] }
        for c in 0..<d { out[c] += along * axis[c] }
      }
    }
    let scores = block.shared.scored(queries)
    return block.bestOf(scores, budgets: counts(scores, block))
  }

  /// How many tokens each row takes: the mean over the group's heads of those within α, at most k.
  private func counts(_ scores: ScoreMatrix, _ block: QueryBlock) -> [Int] {
    let near = (0..<block.shared.rows).map { row -> Int in
      let values = scores.scores(row, block.shared.visible(row))
      let least = block.shared.kernels.maximum(values) - alpha / group.scale
      return values.reduce(0) { $0 + ($1 > least ? 1 : 0) }
    }
    return (0..<block.shared.rows).map { row in
      let step = row % block.steps.count
      let all = (0..<group.groupSize).reduce(0) { $0 + near[block.shared.row(head: $1, step: step)] }
      return min(max(1, all / group.groupSize), block.budgets[step])
    }
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    (rank * (tokens * group.element.byteCount + group.keyRowBytes) * group.groupSize, 0)
  }
}
