import GRDB
import Policies

extension ResultsStore {
  /// Rows of `configurations` that names stand for: a label, with `@` and a budget and more of ``SideQualifier`` or without; a
  /// policy's name, with whatever parameters; or `configuration:` and a row's number.
  ///
  /// - Parameter names: each may hold several with commas between. A label has commas of its own, so that a text is split only
  ///   where nothing is called as it stands.
  /// - Throws: ``ResultsError`` where a name is unknown.
  public func configurations(named names: [String]) throws -> Set<Int64> {
    try read { db in
      func find(_ name: String) throws -> Set<Int64> {
        let condition = SideName(name).condition(isPolicy: true)
        let query: SQL = """
          SELECT c.id FROM configurations AS c JOIN traces AS t ON t.id = c.trace JOIN scopes AS s ON s.id = c.scope
          WHERE \(condition)
          """
        return try Set(SQLRequest<Int64>(literal: query).fetchAll(db))
      }
      return try names.reduce(into: Set<Int64>()) { all, text in
        let whole = try find(text)
        guard whole.isEmpty else { return all.formUnion(whole) }
        for part in Self.names(in: text) {
          let found = try find(part)
          guard !found.isEmpty else { throw try self.unknownConfiguration(part, db) }
          all.formUnion(found)
        }
      }
    }
  }

  /// The names that a text holds: after a comma one begins where a policy or a row is named, as no parameter and no number
  /// of a layer is.
  private static func names(in text: String) -> [String] {
    text.split(separator: ",").map(\.trimmed).reduce(into: []) { names, part in
      let first = String(part.prefix { $0 != ":" && $0 != "@" && $0 != " " })
      let begins = PolicyRegistry.policy(named: first) != nil || first == "configuration"
      if let last = names.indices.last, !begins, names[last].contains(where: { $0 == ":" || $0 == "@" }) {
        names[last] += ",\(part)"
      } else {
        names.append(part)
      }
    }
  }
}
