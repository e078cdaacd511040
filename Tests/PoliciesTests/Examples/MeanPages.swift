@testable import Policies

/// Keeps the pages whose mean keys score highest.
public struct MeanPages: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "mean-pages", summary: "Keeps the pages whose mean keys score highest.",
    paper: "https://example.org/the-paper", kind: .selection,
    parameters: [
      ParameterDescriptor("page", .integer(1...4096), default: .integer(16), help: "tokens of a page"),
      .scope,
    ],
    cost: "d a page",
    notes:
      "Keeps a mean key for each page, beside the cache. k is rounded down to whole pages, to one at least.")

  public let choosesPerGroup: Bool
  private let page: Int
  private let group: GroupContext

  public init(parameters: ParameterValues, group: GroupContext) {
    choosesPerGroup = parameters.word("scope") == "group"
    page = parameters.integer("page")
    self.group = group
  }

  public func choose(_ block: QueryBlock) -> Selections? {
    let d = group.headDim
    let keys = block.shared.tables.keyRows.pointer
    let table = PageTable("mean keys", of: block.shared.tables, pageTokens: page, width: d) { tokens, out in
      for c in 0..<d {
        out[c] = tokens.reduce(Float(0)) { $0 + keys[$1 * d + c] } / Float(tokens.count)
      }
    }
    let queries = block.derivedQueries(width: d) { _, query, out in out.update(from: query, count: d) }
    let scores = block.scores(table, queries: queries, rows: .vector(group.headDim, like: group))
    return block.bestPages(choosesPerGroup ? block.summedOverGroup(scores) : scores)
  }

  public func pieceTokens(of step: Step, budget: Int) -> Int { page }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    ((tokens + page - 1) / page * group.keyRowBytes, 0)
  }
}
