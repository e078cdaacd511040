import Attention
import Kernels

/// Pages of a layer beside what is left of clusters of like keys: `gist` as an engine serves it.
///
/// The layer reads the pages whose tokens its heads' clusters weigh most, the same for all its KV heads. What a KV head's clusters hold
/// beside them is taken for means and spreads.
public struct GistPages: LayerPolicy {
  public static let descriptor = PolicyDescriptor(
    name: "gist-pages",
    summary:
      "Reads the pages of a layer whose tokens' clusters weigh most, and estimates what clusters hold beside.",
    kind: .selection,
    parameters: [page] + Gist.clustering, common: [.denseLayers], needs: [.promptWindow], scope: .layer,
    cost: "d and 4 bytes a cluster, dv an estimated one, 2 bytes a token",
    notes: """
      Ours: `gist` at an engine's granularity. Clusters are those of `gist`, of each KV head apart. A token weighs what its cluster's keys weigh on average in each head's softmax over the clusters and the tokens that are read anyway, whose keys are read for that once more; \
      a page weighs what its tokens weigh for all heads of the layer. The pages of the first `sinks` and last `recent` tokens are read whole, as far as k holds them, else those tokens alone; k is rounded down to whole pages. \
      What was read is taken out of its cluster, and of what is left the share `estimated` of the clusters that weighs most stands for its tokens, as in `gist`. Each token's cluster is a number of 16 bits, read for all tokens at every step. docs/closed-loop.md has what it gives in live models.
      """)

  static let page = ParameterDescriptor.page(16)

  private let page: Int
  private let estimated: Double
  /// At most.
  private let spread: Float
  /// What the prompt's last queries make of it, for each KV head.
  private var fitted: [Float] = []
  private let group: GroupContext
  /// Of a KV head before its first step.
  private let none: JoinedClusters
  /// Of each KV head.
  private var clusters: [JoinedClusters] = []

  public init(parameters: ParameterValues, group: GroupContext) throws {
    // k-means scores keys with a last channel of one.
    try group.require(width: group.headDim + 1, for: "gist-pages")
    page = parameters.integer(Self.page)
    estimated = parameters.number(Gist.estimated)
    spread = Float(parameters.number(Remnants.spread))
    self.group = group
    none = JoinedClusters(parameters, group)
  }

  public static func corrects(_ parameters: ParameterValues) -> Bool { true }
  public var choosesPerGroup: Bool { true }
  public func pieceTokens(of step: Step, budget: Int) -> Int { page }

  public mutating func observe(layer prompts: [PromptView]) {
    let k = group.asked?.tokens(visible: group.promptTokens) ?? 0
    fitted = prompts.map { none.fittedSpread($0, most: spread, reading: k) }
  }

  public mutating func choose(layer blocks: [QueryBlock]) -> [Selections?] {
    guard let first = blocks.first else { return [] }
    if clusters.isEmpty { clusters = blocks.map { _ in none } }
    var sets: [[Int32]] = []
    var corrections = blocks.map { [OutputCorrection](repeating: OutputCorrection(), count: $0.rows) }
    for (index, step) in first.steps.enumerated() {
      let (sinks, middle, recent) = split(step, first.budgets[index])
      let known = blocks.indices.map { clusters[$0].grown(to: step, blocks[$0]) }
      let logits = blocks.indices.map {
        blocks[$0].logits(known[$0], step: index, spread: fitted.isEmpty ? 0 : fitted[$0])
      }
      let guarded = (Array(sinks) + Array(recent)).map(Int32.init)
      let weights = blocks.indices.map {
        self.weights(logits[$0], known[$0], blocks[$0], index, beside: guarded)
      }
      let best = self.best(middle, weights, (first.budgets[index] - guarded.count) / page)
      for block in blocks {
        block.chargeNumbers(of: middle.count)
        block.chargeScores(middle.count / page, writtenBy: .select, readBy: .select)
      }
      let set = (guarded + best.joined().map(Int32.init)).sorted()
      sets.append(set)
      var isRead = [Bool](repeating: false, count: step.visible.upperBound)
      for token in set { isRead[Int(token)] = true }
      for (place, block) in blocks.enumerated() {
        let (own, members) = (weights[place], known[place].members)
        let left = own.indices.filter { members[$0].contains { !isRead[Int($0)] } }
        let others = left.map { own[$0] }.bestFirst(Int((estimated * Double(own.count)).rounded()))
          .map { left[$0] }
        let terms = block.terms(
          known[place], others, logits: logits[place], step: index, isRead: { isRead[Int($0)] })
        for (head, terms) in terms.enumerated() {
          corrections[place][block.row(head: head, step: index)].terms = terms
        }
      }
    }
    return blocks.indices.map { place in
      var result = Selections()
      for _ in 0..<blocks[place].group.groupSize { for set in sets { result.appendRow(set) } }
      result.corrections = corrections[place]
      return result
    }
  }

  /// Whole pages at both ends, where k holds them.
  private func split(_ step: Step, _ k: Int) -> (sinks: Range<Int>, middle: Range<Int>, recent: Range<Int>) {
    let (visible, keeping) = (step.visible, none.keeping)
    let sinks = (keeping.sinks + page - 1) / page * page
    let whole = Guard(
      sinks: max(0, sinks - visible.lowerBound),
      recent: visible.upperBound - max(0, visible.upperBound - keeping.recent) / page * page)
    return (whole.sinks + whole.recent <= k ? whole : keeping).split(visible, budget: k)
  }

  /// What a key of each cluster weighs for the heads of a KV head together, beside tokens that are read anyway.
  private func weights(
    _ logits: [[Float]], _ clusters: KeyClusters, _ block: QueryBlock, _ index: Int, beside tokens: [Int32]
  ) -> [Float] {
    let sizes = clusters.members.map { Float($0.count) }
    block.chargeKeys(tokens.count)
    block.chargeScores(sizes.count * block.group.groupSize, writtenBy: .vectors, readBy: .select)
    let rows = logits.enumerated().map { head, logits -> [Float] in
      let row = block.row(head: head, step: index)
      let sums = zip(logits, sizes).map { $0 + Float(PortableMath.log(Double($1))) }
      var all = sums + block.logits(row, over: tokens)
      block.kernels.softmax(&all)
      return sizes.indices.map { all[$0] / sizes[$0] }
    }
    return rows.summed
  }

  /// The pages whose tokens weigh most for all KV heads, ascending; of equals the earlier.
  private func best(_ middle: Range<Int>, _ weights: [[Float]], _ count: Int) -> [Range<Int>] {
    guard !middle.isEmpty, count > 0 else { return [] }
    let pages = middle.lowerBound / page...(middle.upperBound - 1) / page
    var worth = [Float](repeating: 0, count: pages.count)
    for (clusters, weights) in zip(clusters, weights) {
      for token in middle where token < clusters.owners.count && clusters.owners[token] >= 0 {
        worth[token / page - pages.lowerBound] += weights[Int(clusters.owners[token])]
      }
    }
    return worth.bestFirst(count).sorted()
      .map { ((pages.lowerBound + $0) * page..<(pages.lowerBound + $0 + 1) * page).clamped(to: middle) }
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    let count = clusters.first?.known.members.count ?? 0
    return (count * (group.keyRowBytes + group.valueRowBytes + 8) + tokens * 2, 0)
  }
}
