@testable import Policies

/// Keeps the k tokens whose keys are most like the newest key.
public struct Newest: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "newest", summary: "Keeps the tokens whose keys are most like the newest key.",
    paper: "https://example.org/the-paper", kind: .selection,
    parameters: [.scope],
    notes: "Reads every key once per KV head, to compare it with the newest.")

  public let choosesPerGroup: Bool
  private let group: GroupContext

  public init(parameters: ParameterValues, group: GroupContext) {
    choosesPerGroup = parameters.word("scope") == "group"
    self.group = group
  }

  public func choose(_ block: QueryBlock) -> Selections? {
    let d = group.headDim
    let keys = block.shared.tables.keyRows.pointer
    let table = TokenTable("keys", of: block.shared.tables, width: d) { token, out in
      out.update(from: keys + token * d, count: d)
    }
    let queries = block.derivedQueries(width: d) { row, _, out in
      out.update(from: keys + block.steps[row % block.steps.count].position * d, count: d)
    }
    return block.bestOf(
      block.scores(table, queries: queries, rows: .vector(d, like: group), isApart: false))
  }
}
