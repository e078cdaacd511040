import Attention

/// Rows in order, one of each shape: where one was timed more often, by one file or several, the median stands.
struct RepeatedShapes {
  private(set) var rows: [DecodeAttentionRow] = []
  /// Rows that went into others.
  private(set) var merged = 0
  /// Shapes whose times differ.
  private(set) var differing = 0
  /// The longest time over the shortest of the shape where they are furthest apart.
  private(set) var furthest = 1.0
  /// Where the first of the differing shapes stand, as `file:line`.
  private(set) var first: [String] = []

  init(_ tables: [ImportedTable]) {
    var times: [DecodeAttentionRow.Shape: [Double]] = [:]
    var places: [DecodeAttentionRow.Shape: (table: Int, number: Int)] = [:]
    for (index, table) in tables.enumerated() {
      for row in table.rows {
        times[row.row.shape, default: []].append(row.row.microseconds)
        // The second row of a shape is where it becomes one too many.
        if times[row.row.shape]?.count == 2 { places[row.row.shape] = (index, row.number) }
      }
    }
    for (shape, found) in times.sorted(by: { $0.key < $1.key }) {
      let sorted = found.sorted()
      rows.append(DecodeAttentionRow(shape: shape, microseconds: Quantile.median(sorted: sorted)))
      merged += found.count - 1
      guard let least = sorted.first, let most = sorted.last, least < most else { continue }
      differing += 1
      furthest = max(furthest, most / least)
      if let place = places[shape], first.count < FlawTally.shown {
        let table = tables[place.table]
        first.append("\(table.path)\(table.unit == "row" ? ": row " : ":")\(place.number)")
      }
    }
  }

  /// A line about them; nil where no shape is repeated.
  var note: String? {
    guard merged > 0 else { return nil }
    let rows =
      "\(NumberText.grouped(merged)) \(merged == 1 ? "row repeats the shape of another" : "rows repeat shapes of others")"
    guard differing > 0 else { return "\(rows), with the same time" }
    let shapes = "\(NumberText.grouped(differing)) \(differing == 1 ? "shape has" : "shapes have")"
    return
      "\(rows): \(shapes) several times, up to \(NumberText.times(furthest)) apart, of which the median is kept, the first at \(first.joined(separator: ", "))"
  }
}
