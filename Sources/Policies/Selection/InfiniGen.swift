import Attention
import Kernels

/// Keys speculated on a skewed part of their channels (Lee et al., OSDI 2024).
///
/// Each head's queries and keys are turned onto the principal axes of the prompt's queries, where a few channels carry most of a
/// score. The tokens whose partial logit comes within α of the largest are fetched, as many for every head of the
/// layer as its heads need on average, and at most k.
public struct InfiniGen: LayerPolicy {
  public static let descriptor = PolicyDescriptor(
    name: "infinigen",
    summary: "Fetches the tokens whose logit on a few skewed channels comes near the largest.",
    paper: "https://arxiv.org/abs/2406.19707", kind: .selection,
    parameters: [alpha, ratio, count], needs: [.observationWindow], scope: .layer,
    prefetches: true, cost: "ratio d a token and query head, ratio d² a query head for the axes; scores",
    notes: """
      Optimistic: the authors speculate from the layer before, on its input; here the layer's own query is used, which a trace holds. The axes \
      come from the observation window, per query head. Takes at most k tokens, fewer where fewer come within α. Keys and values lie on the host. \
      With `count=group` each KV head counts for itself, as no batch of the authors can: at 256 output error is then 0.342 for 0.226 on qa-4096 (recall 0.279 for 0.299) and 0.454 for 0.430 on prose-8192 (0.185 for 0.188), at 19 % nearly \
      the same, since α and not k bounds the sets.
      """)

  static let alpha = ParameterDescriptor(
    "alpha", .number(0...1000), default: .number(4), help: "α, how far below the largest logit")
  static let ratio = ParameterDescriptor(
    "ratio", .amount, of: .channels, default: .amount(.share(0.2)),
    help: "skewed channels that are scored: a count or a share of d")
  static let count = ParameterDescriptor(
    "count", .choice(["layer", "group"]), default: .word("layer"),
    help: "heads that take as many tokens as they need on average: all of a layer, or those of a KV head")

  private let alpha: Float
  private let rank: Int
  private let countsPerGroup: Bool
  private let group: GroupContext
  /// `[KV head][query head of the group][axis][channel]`
  private var axes: [[[[Float]]]] = []

  public init(parameters: ParameterValues, group: GroupContext) {
    alpha = Float(parameters.number(Self.alpha))
    rank = parameters.amount(Self.ratio, of: group.headDim)
    countsPerGroup = parameters.word(Self.count) == "group"
    self.group = group
  }

  public var cacheTier: MemoryTier { .host }

  public mutating func observe(layer prompts: [PromptView]) throws {
    axes = try prompts.map { prompt in
      let window = try prompt.requiredWindow("infinigen")
      return (0..<group.groupSize).map { Array(axes(of: $0, window, prompt.tables).prefix(rank)) }
    }
  }

  /// Principal axes of a head's queries in the window, most first.
  private func axes(of head: Int, _ window: ScoredBlock, _ tables: GroupTables) -> [[Float]] {
    let d = group.headDim
    return tables.cached("query axes \(head)") {
      var moments = Array(repeating: Array(repeating: 0.0, count: d), count: d)
      for step in window.steps.indices {
        let query = window.query(window.row(head: head, step: step))
        for i in 0..<d { for j in 0..<d { moments[i][j] += Double(query[i]) * Double(query[j]) } }
      }
      return SymmetricEigen.axes(moments).map { $0.map(Float.init) }
    }
  }

  public func choose(layer blocks: [QueryBlock]) -> [Selections?] {
    let scores = zip(blocks, axes).map { $0.scores(axes: $1) }
    let near = zip(scores, blocks).map { counts($0, $1) }
    return blocks.indices.map { place in
      let block = blocks[place]
      let counted = countsPerGroup ? [place] : Array(blocks.indices)
      let budgets = (0..<block.rows).map { row in
        let step = row % block.steps.count
        let all = counted.reduce(0) { $0 + sum(near[$1], of: step, blocks[$1]) }
        return min(max(1, all / (counted.count * group.groupSize)), block.budgets[step])
      }
      return block.bestOf(scores[place], budgets: budgets)
    }
  }

  /// How many tokens of each row come within α of the largest.
  private func counts(_ scores: ScoreMatrix, _ block: QueryBlock) -> [Int] {
    (0..<block.rows).map { row in
      let values = scores.scores(row, block.visible(row))
      let least = block.kernels.maximum(values) - alpha / group.scale
      return values.reduce(0) { $0 + ($1 > least ? 1 : 0) }
    }
  }

  private func sum(_ near: [Int], of step: Int, _ block: QueryBlock) -> Int {
    (0..<group.groupSize).reduce(0) { $0 + near[block.row(head: $1, step: step)] }
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    (rank * (tokens * group.element.byteCount + group.keyRowBytes) * group.groupSize, 0)
  }
}
