import Foundation
import Pricing

/// Takes NVIDIA aiconfigurator's published tables of decode attention over into a table of this project's format.
///
///     let found = try AttentionImport(paths: ["systems/data/h100_sxm"], machine: nil)
///     for note in found.notes { print(note) }
///     try TableText(found.text).write(to: "h100.csv.zst")
package struct AttentionImport {
  let tables: [ImportedTable]
  let repeated: RepeatedShapes

  /// Reads, checks and joins.
  ///
  /// - Parameters:
  ///   - paths: of tables, or of folders that are searched for them.
  ///   - machine: a folder's or a bundled machine's name, or a description's path, in place of what the tables' folders are called.
  /// - Throws: `PricingError` where a path leads to no table, a table is wrong, or no row remains.
  package init(paths: [String], machine: String?) throws {
    var seen: Set<String> = []
    // A file that two paths lead to was measured once.
    let files = try paths.flatMap(TableFile.all).filter {
      seen.insert(URL(fileURLWithPath: $0.path).resolvingSymlinksInPath().path(percentEncoded: false))
        .inserted
    }
    tables = try files.map { try ImportedTable($0, machine: machine) }
    repeated = RepeatedShapes(tables)
    guard !repeated.rows.isEmpty else {
      throw PricingError(
        paths.joined(separator: ", "), expected: "rows of dense decode attention that can be used",
        found: "none of \(NumberText.grouped(count))\(reasons)", advice: "name other tables")
    }
  }

  /// Why nothing remains: `: 3 of a sliding window, 1 file left out whole`.
  private var reasons: String {
    var reasons = ImportFlaw.allCases.compactMap { flaw in
      let count = tables.reduce(0) { $0 + ($1.flaws[flaw]?.count ?? 0) }
      return count == 0 ? nil : "\(NumberText.grouped(count)) \(flaw.text)"
    }
    let leftOut = tables.count(where: \.isLeftOut)
    if leftOut > 0 {
      reasons.append("\(leftOut) \(leftOut == 1 ? "file" : "files") left out whole for the last reason")
    }
    return reasons.isEmpty ? "" : ": " + reasons.joined(separator: ", ")
  }

  /// Rows that were read.
  package var count: Int { tables.reduce(0) { $0 + $1.count } }
  /// Rows that remain.
  package var kept: Int { repeated.rows.count }
  package var fileCount: Int { tables.count }

  /// A line for each thing that whoever uses the rows should know.
  package var notes: [String] { tables.flatMap(\.notes) + [repeated.note].compactMap(\.self) }

  /// The table as text, whose comments say what it is and where it is from.
  package var text: String {
    let sources = tables.map {
      "\($0.origin.shortPath): \(NumberText.grouped($0.rows.count)) of \(NumberText.grouped($0.count)) rows"
    }
    let comments =
      [
        "Measured times of dense decode attention: one call of one layer, microseconds. context: the tokens attended to.",
        "Source: NVIDIA, aiconfigurator (github.com/ai-dynamo/aiconfigurator, Apache-2.0); facts transcribed: full attention; columns regrouped.",
        "Every call reads the same cache again, so that a cache of less than about twice the last-level cache is served by that.",
      ] + sources
    let lines =
      comments.map { "# \($0.onOneLine)" } + [DecodeAttentionRow.columns.joined(separator: ",")]
      + repeated.rows.map { $0.cells.map(Self.cell).joined(separator: ",") }
    return lines.joined(separator: "\n") + "\n"
  }

  /// In quotes only where it must be, as the bundled table is written.
  private static func cell(_ text: String) -> String {
    guard text.contains(where: { ",\"#".contains($0) || $0.isNewline }) else { return text }
    return "\"\(text.onOneLine.replacing("\"", with: "\"\""))\""
  }
}
