@testable import Policies

/// Ranks tokens by the signs of their keys.
public struct Signs: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "signs", summary: "Ranks tokens by the query's product with the signs of their keys.",
    paper: "https://example.org/the-paper", kind: .selection,
    parameters: [.scope],
    cost: "a bit per channel and token; scores",
    notes: "Keeps a bit per channel of every key beside the cache. A number of zero counts as positive.")

  public let choosesPerGroup: Bool
  private let group: GroupContext

  public init(parameters: ParameterValues, group: GroupContext) {
    choosesPerGroup = parameters.word(.scope) == "group"
    self.group = group
  }

  private var row: StoredRow { .rounded(group.headDim, bits: 1, hasScale: false) }

  public func choose(_ block: QueryBlock) -> Selections? {
    let d = group.headDim
    let signs = TokenTable("signs", of: block.tables, width: d) { key, out in
      for c in 0..<d { out[c] = key[c] < 0 ? -1 : 1 }
    }
    let scores = block.scores(signs, queries: block.queries, rows: row)
    return block.bestOf(choosesPerGroup ? block.summedOverGroup(scores) : scores)
  }

  public func residentExtraBytesPerToken() -> (device: Int, host: Int) { (row.bytes, 0) }
}
