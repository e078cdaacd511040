import Foundation
import GRDB
import Testing

@testable import Results

/// `docs/schema.md` names every table, view and column, and nothing else.
struct SchemaPageTests {
  /// Columns by table: a heading with the name in backquotes, then a table whose first cells hold columns.
  private func documented() throws -> [String: Set<String>] {
    let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/schema.md")
    var columns: [String: Set<String>] = [:]
    var table: String?
    for line in try String(contentsOf: page, encoding: .utf8).split(separator: "\n") {
      if line.hasPrefix("#") {
        table = quoted(line).first
        if let table { columns[table] = [] }
      } else if let table, line.hasPrefix("| `") {
        let cell = line.dropFirst().prefix { $0 != "|" }
        columns[table, default: []].formUnion(quoted(cell))
      }
    }
    return columns
  }

  private func quoted(_ text: some StringProtocol) -> [String] {
    text.split(separator: "`", omittingEmptySubsequences: false).enumerated()
      .filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
  }

  private func actual() throws -> [String: Set<String>] {
    try ResultsStore.inMemory().read { db in
      let names = try String.fetchAll(
        db,
        sql: """
          SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'
          AND name <> 'grdb_migrations'
          """)
      return Dictionary(
        uniqueKeysWithValues: try names.map { ($0, Set(try db.columns(in: $0).map(\.name))) })
    }
  }

  /// The second cell of each column's line is its type, where it is one.
  @Test func typesAreTheColumns() throws {
    let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/schema.md")
    let views = try ResultsStore.inMemory().exportedViews()
    var table: ExportedView?
    var checked = 0
    for line in try String(contentsOf: page, encoding: .utf8).split(separator: "\n") {
      if line.hasPrefix("#") {
        table = quoted(line).first.flatMap { name in views.first { $0.name == name } }
      }
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      guard let table, line.hasPrefix("| `"), let type = ColumnType(rawValue: cells[1]) else { continue }
      for name in quoted(cells[0]) {
        let column = table.columns.first { $0.name == name }
        #expect(column?.type == type, "\(table.name).\(name)")
        checked += 1
      }
    }
    #expect(checked > 200)
  }

  @Test func isWholeAndTrue() throws {
    let page = try documented()
    let schema = try actual()
    #expect(Set(page.keys) == Set(schema.keys))
    for (table, columns) in schema {
      let written = page[table] ?? []
      #expect(columns.subtracting(written).isEmpty, "\(table) has columns the page lacks")
      #expect(written.subtracting(columns).isEmpty, "the page has columns \(table) lacks")
    }
  }
}
