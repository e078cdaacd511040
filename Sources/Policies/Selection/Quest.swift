/// Query-aware page selection (Tang et al., ICML 2024).
///
/// A page is scored by an upper bound of any of its tokens' scores, `Σ_c max(q_c · min_c, q_c · max_c)` with the channel-wise
/// bounds of its keys: the product of [max(q, 0); min(q, 0)] with [max; min]. With pages of one token it is the oracle.
public struct Quest: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "quest", summary: "Keeps the pages whose channel-wise key bounds allow the highest score.",
    paper: "https://arxiv.org/abs/2406.10774", kind: .selection,
    parameters: [page, .leastPages, .scope, ParameterDescriptor.denseLayers.defaulting(to: .integer(2))],
    cost: "2 d a page",
    notes: """
      k is rounded down to whole pages, as the authors do, but to `least-pages` at least; what exceeds k is cut, \
      so that a budget is never exceeded. No page is kept by force. Reads the two bounds of every page and whole pages of rows, keeps them up to date with \
      each new token.
      """)

  static let page = ParameterDescriptor.page(16)

  private let page: Int
  private let least: Int
  private let group: GroupContext
  public let choosesPerGroup: Bool

  public init(parameters: ParameterValues, group: GroupContext) throws {
    try group.require(width: 2 * group.headDim, for: "quest")
    page = parameters.integer(Self.page)
    least = parameters.integer(.leastPages)
    choosesPerGroup = parameters.word(.scope) == "group"
    self.group = group
  }

  public func choose(_ block: QueryBlock) -> Selections? {
    let table = PageTable.bounds(of: block.tables, pageTokens: page)
    let scores = block.scores(
      table, queries: block.signedQueries(), rows: .vector(2 * group.headDim, like: group))
    return block.bestPages(choosesPerGroup ? block.summedOverGroup(scores) : scores, least: least)
  }

  public func pieceTokens(of step: Step, budget: Int) -> Int { page }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    ((tokens + page - 1) / page * 2 * group.keyRowBytes, 0)
  }
}
