/// Quest's pages scored by their keys' mean and spread in place of their bounds: `q · mean + c · Σ |q_c| · std_c`.
public struct QuestMeanStd: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "quest-meanstd", summary: "Keeps the pages of highest mean score plus a multiple of its spread.",
    paper: "https://arxiv.org/abs/2406.10774", kind: .selection,
    parameters: [
      page, .leastPages, spread, .scope, ParameterDescriptor.denseLayers.defaulting(to: .integer(2)),
    ],
    cost: "2 d a page",
    notes: """
      Quest's layout with other page statistics; the paper linked is Quest's. The deviation is that of the page's own tokens \
      (divided by their number). Budgets as for Quest.
      """)

  static let page = ParameterDescriptor.page(16)
  static let spread = ParameterDescriptor(
    "spread", .number(0...16), default: .number(1), help: "c, how much of the standard deviation counts")

  private let page: Int
  private let least: Int
  private let spread: Float
  private let group: GroupContext
  public let choosesPerGroup: Bool

  public init(parameters: ParameterValues, group: GroupContext) throws {
    try group.require(width: 2 * group.headDim, for: "quest-meanstd")
    page = parameters.integer(Self.page)
    least = parameters.integer(.leastPages)
    spread = Float(parameters.number(Self.spread))
    choosesPerGroup = parameters.word(.scope) == "group"
    self.group = group
  }

  public func choose(_ block: QueryBlock) -> Selections? {
    let table = PageTable.spread(of: block.tables, pageTokens: page, .standard)
    let scores = block.scores(
      table, queries: block.spreadQueries(spread), rows: .vector(2 * group.headDim, like: group))
    return block.bestPages(choosesPerGroup ? block.summedOverGroup(scores) : scores, least: least)
  }

  public func pieceTokens(of step: Step, budget: Int) -> Int { page }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    ((tokens + page - 1) / page * 2 * group.keyRowBytes, 0)
  }
}
