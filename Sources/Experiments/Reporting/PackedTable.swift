import Results

/// Rows of one type as a column for each property, each column written in the shortest of three ways, so that a page of
/// many configurations stays light.
///
/// `[v, …]` is one value a row; `{"of": [v, …], "at": [i, …]}` names each distinct value once; `{"runs": [v, n, …]}`
/// is a value and how many rows in succession have it. A property that has properties of its own, as an estimate has, is
/// a column for each, `recall.low`. Numbers have six significant digits: a page is for eyes. The page's `data.js` reads it.
struct PackedTable: Encodable {
  let columns: [String: Column]

  init(_ rows: [some Any]) {
    var values: [String: [Cell]] = [:]
    for row in rows {
      for (name, cell) in Self.cells(of: row, prefix: "") { values[name, default: []].append(cell) }
    }
    columns = values.mapValues(Column.init)
  }

  func encode(to encoder: any Encoder) throws { try columns.encode(to: encoder) }

  /// What stands in one row of one column.
  enum Cell: Hashable, Encodable {
    case undefined
    case whole(Int)
    case number(Double)
    case text(String)

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .undefined: try container.encodeNil()
      case .whole(let value): try container.encode(value)
      case .number(let value): try container.encode(value)
      case .text(let value): try container.encode(value)
      }
    }

    /// Bytes of it as JSON, but for escapes, with the comma behind it.
    var length: Int {
      switch self {
      case .undefined: 5
      case .whole(let value): "\(value)".utf8.count + 1
      // JSON has whole numbers without the ".0" that Swift gives them.
      case .number(let value): "\(value)".utf8.count + (value == value.rounded() ? -1 : 1)
      case .text(let value): value.utf8.count + 3
      }
    }
  }

  private static func cells(of row: Any, prefix: String) -> [(String, Cell)] {
    Mirror(reflecting: row).children.flatMap { child -> [(String, Cell)] in
      let name = prefix + (child.label ?? "")
      if let cell = cell(child.value) { return [(name, cell)] }
      return cells(of: child.value, prefix: "\(name).")
    }
  }

  /// The cell of a plain value; nil of one that has properties of its own.
  private static func cell(_ value: Any) -> Cell? {
    switch value {
    case let value as Bool: .whole(value ? 1 : 0)
    case let value as Int: .whole(value)
    case let value as Int64: .whole(Int(value))
    case let value as Double: value.shown.map(Cell.number) ?? .undefined
    case let value as String: .text(value)
    case let value as Report.IntervalKind: .text(value.rawValue)
    default: Mirror(reflecting: value).displayStyle == .optional ? .undefined : nil
    }
  }
}

extension PackedTable {
  /// One column, in the way that was chosen for it.
  enum Column: Encodable {
    case plain([Cell])
    case distinct(of: [Cell], at: [Int])
    case runs([Cell])

    init(_ cells: [Cell]) {
      var places: [Cell: Int] = [:]
      var (of, at, runs): ([Cell], [Int], [(cell: Cell, count: Int)]) = ([], [], [])
      for cell in cells {
        let place = places[cell] ?? of.count
        if place == of.count {
          places[cell] = place
          of.append(cell)
        }
        at.append(place)
        if runs.last?.cell == cell { runs[runs.count - 1].count += 1 } else { runs.append((cell, 1)) }
      }
      let lengths = (
        plain: Self.length(cells), distinct: Self.length(of) + Self.length(at.map(Cell.whole)) + 12,
        runs: Self.length(runs.flatMap { [$0.cell, .whole($0.count)] }) + 10
      )
      if lengths.plain <= min(lengths.distinct, lengths.runs) {
        self = .plain(cells)
      } else if lengths.distinct < lengths.runs {
        self = .distinct(of: of, at: at)
      } else {
        self = .runs(runs.flatMap { [$0.cell, .whole($0.count)] })
      }
    }

    private static func length(_ cells: [Cell]) -> Int { cells.reduce(0) { $0 + $1.length } }

    private enum Keys: CodingKey { case of, at, runs }

    func encode(to encoder: any Encoder) throws {
      switch self {
      case .plain(let cells): try cells.encode(to: encoder)
      case .distinct(let of, let at):
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(of, forKey: .of)
        try container.encode(at, forKey: .at)
      case .runs(let runs):
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(runs, forKey: .runs)
      }
    }
  }
}
