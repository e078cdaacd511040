@testable import Policies

/// Keeps the pages whose mean keys score highest.
public struct MeanPages: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "mean-pages", summary: "Keeps the pages whose mean keys score highest.",
    paper: "https://example.org/the-paper", kind: .selection,
    parameters: [page, .scope],
    cost: "d a page",
    notes:
      "Keeps a mean key for each page, beside the cache. k is rounded down to whole pages, to one at least.")

  static let page = ParameterDescriptor(
    "page", .integer(1...4096), default: .integer(16), help: "tokens of a page")

  public let choosesPerGroup: Bool
  private let page: Int
  private let group: GroupContext

  public init(parameters: ParameterValues, group: GroupContext) {
    choosesPerGroup = parameters.word(.scope) == "group"
    page = parameters.integer(Self.page)
    self.group = group
  }

  public func choose(_ block: QueryBlock) -> Selections? {
    let d = group.headDim
    let table = PageTable("mean keys", of: block.tables, pageTokens: page, width: d) { page, out in
      for c in 0..<d {
        out[c] = page.tokens.reduce(Float(0)) { $0 + page[$1][c] } / Float(page.tokens.count)
      }
    }
    let scores = block.scores(table, queries: block.queries, rows: .vector(d, like: group))
    return block.bestPages(choosesPerGroup ? block.summedOverGroup(scores) : scores)
  }

  public func pieceTokens(of step: Step, budget: Int) -> Int { page }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    ((tokens + page - 1) / page * group.keyRowBytes, 0)
  }
}
