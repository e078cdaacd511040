import Foundation
import Pricing

extension TableComparison {
  /// - Parameter listsCases: whether every prediction stands beside its measurement.
  func text(listsCases: Bool) -> String { Document(blocks(listsCases: listsCases)).text() }

  /// The same, to be laid out.
  func blocks(listsCases: Bool) -> [Document.Block] {
    blocks(isShort: false) + (listsCases ? [.table(cases)] : [])
  }

  /// Over all machines.
  var shortBlocks: [Document.Block] { blocks(isShort: true) }

  private func blocks(isShort: Bool) -> [Document.Block] {
    let sides = sides(isShort: isShort)
    return [.heading(title), .table(table(isShort: isShort))] + (sides.isEmpty ? [] : [.lines(sides)])
      + [.notes([Self.legend] + leftOutLines + notes)]
  }

  private var title: String {
    "\((path as NSString).lastPathComponent): \(kind.rawValue), \(Self.rows(predictions.count)), nothing fitted here"
  }

  private static let legend = "of each kernel set: median error / what 90 % of errors stay below"

  private var leftOutLines: [String] {
    leftOut.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
      "left out: \(Self.rows($0.value)), \($0.key)"
    }
  }

  private static func rows(_ count: Int) -> String {
    "\(NumberText.grouped(count)) \(count == 1 ? "row" : "rows")"
  }

  private func table(isShort: Bool) -> TextTable {
    let lines = lines(isShort: isShort)
    var columns: [Column<Line>] = (isShort ? shortLabels : labels).enumerated().map { place, name in
      .left(name) { $0.labels[place] }
    }
    if lines.contains(where: { $0.part != nil }) { columns.append(.left("part") { $0.part ?? "" }) }
    columns.append(.right("rows", drop: 0) { NumberText.grouped($0.rows) })
    columns += shownSets.map { place in
      .right(sets[place], drop: place == shownSets.first ? nil : sets.count - place) { line in
        line.errors[place].map { "\(NumberText.percent($0.median)) / \(NumberText.percent($0.p90))" } ?? "–"
      }
    }
    return TextTable(lines, columns)
  }

  private func sides(isShort: Bool) -> [String] {
    lines(isShort: isShort).filter { $0.decided > 0 }.map { line in
      let counts = shownSets.filter { line.errors[$0] != nil }.map { "\(sets[$0]) \(line.sideRight[$0])" }
      return
        "\(line.labels.joined(separator: ", ")): side of 1× right, of \(line.decided) measured outside 0.8× to 1.25×: \(counts.joined(separator: ", "))"
    }
  }

  private var cases: TextTable {
    var columns: [Column<Prediction>] = labels.enumerated().map { place, name in
      .left(name) { $0.labels[place] }
    }
    columns.append(.left("shape") { $0.shape })
    columns.append(.right("measured") { "\(NumberText.decimal($0.measured, places: 2)) \($0.unit)" })
    columns += shownSets.map { place in
      .right(sets[place], drop: place == shownSets.first ? nil : sets.count - place) {
        NumberText.decimal($0.predicted[place], places: 2)
      }
    }
    return TextTable(predictions, columns)
  }
}
