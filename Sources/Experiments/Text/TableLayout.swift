/// Which columns of a table are shown, and how wide.
///
/// What is too wide has its titles broken at spaces, then its sentences wrapped, then columns left out whole in their own order (those of one number together),
/// and only then its names wrapped: none is cut, so that no two rows look alike that are not.
struct TableLayout {
  struct Column {
    /// In the table.
    let place: Int
    var width: Int
  }

  static let gap = "  "
  /// Below these, sentences and names are not wrapped further.
  private static let (narrowestProse, narrowestName) = (32, 12)

  private(set) var columns: [Column]
  /// In the table's order.
  var leftOut: [Int] { dropped.sorted() }
  private var dropped: [Int] = []

  init(_ table: TextTable, width most: Int?) {
    let cells = table.shapes.indices.map { place in
      table.rows.map { TextWidth.of($0[place]) }.max() ?? 0
    }
    columns = table.shapes.indices.map { place in
      Column(place: place, width: max(TextWidth.of(table.header[place]), cells[place]))
    }
    guard let most, width > most else { return }
    for index in columns.indices {
      let words = table.header[columns[index].place].split(separator: " ").map { TextWidth.of($0) }
      columns[index].width = max(words.max() ?? 0, cells[columns[index].place])
    }
    while width > most {
      if shrinkProse(table, most) { return }
      guard let next = columns.compactMap({ table.shapes[$0.place].drop }).min() else { break }
      let isNext = { (column: Column) in table.shapes[column.place].drop == next }
      dropped += columns.filter(isNext).map(\.place)
      columns.removeAll(where: isNext)
    }
    shrinkNames(table, most)
  }

  private var width: Int {
    columns.reduce(0) { $0 + $1.width } + Self.gap.count * max(0, columns.count - 1)
  }

  /// - Returns: whether the table fits so.
  private mutating func shrinkProse(_ table: TextTable, _ most: Int) -> Bool {
    let prose = columns.indices.filter { table.shapes[columns[$0].place].isProse }
    let spare = prose.reduce(0) { $0 + max(0, columns[$1].width - Self.narrowestProse) }
    guard width - most <= spare else { return false }
    while width > most, let widest = prose.max(by: { columns[$0].width < columns[$1].width }) {
      columns[widest].width -= 1
    }
    return true
  }

  private mutating func shrinkNames(_ table: TextTable, _ most: Int) {
    while width > most {
      let names = columns.indices.filter {
        table.shapes[columns[$0].place].alignment == .left && columns[$0].width > Self.narrowestName
      }
      guard let widest = names.max(by: { columns[$0].width < columns[$1].width }) else { return }
      columns[widest].width -= 1
    }
  }
}
