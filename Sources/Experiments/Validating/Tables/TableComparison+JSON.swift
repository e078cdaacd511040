import Pricing

extension TableComparison {
  struct JSON: Encodable {
    struct Line: Encodable {
      /// By the names of the table's labels.
      let labels: [String: String]
      let part: String?
      let rows: Int
      /// By kernel set.
      let errors: [String: ModelError]
      /// Nil of a line that holds no speed-ups.
      let decided: Int?
      let sideRight: [String: Int]?
    }

    struct Case: Encodable {
      let labels: [String: String]
      let shape: String
      let unit: String
      let measured: Double
      let predicted: [String: Double]
    }

    struct LeftOut: Encodable {
      let reason: String
      let rows: Int
    }

    let measurements: String
    let kind: String
    let kernels: [String]
    let lines: [Line]
    let leftOut: [LeftOut]
    let notes: [String]
    /// Nil where they were not asked for.
    let cases: [Case]?
  }

  func json(listsCases: Bool) -> JSON {
    JSON(
      measurements: path, kind: kind.rawValue, kernels: shownSets.map { sets[$0] },
      lines: lines(isShort: false).map(json),
      leftOut: leftOut.sorted { $0.key < $1.key }.map { JSON.LeftOut(reason: $0.key, rows: $0.value) },
      notes: notes,
      cases: listsCases
        ? predictions.map { row in
          JSON.Case(
            labels: named(row.labels), shape: row.shape, unit: row.unit, measured: row.measured,
            predicted: bySet(row.predicted))
        } : nil)
  }

  private func json(_ line: Line) -> JSON.Line {
    JSON.Line(
      labels: named(line.labels), part: line.part, rows: line.rows, errors: bySet(line.errors),
      decided: line.decided > 0 ? line.decided : nil,
      sideRight: line.decided > 0
        ? bySet(zip(line.errors, line.sideRight).map { $0 == nil ? nil : $1 }) : nil)
  }

  private func named(_ values: [String]) -> [String: String] {
    Dictionary(zip(labels, values)) { first, _ in first }
  }

  private func bySet<Value>(_ values: [Value?]) -> [String: Value] {
    Dictionary(zip(sets, values).compactMap { name, value in value.map { (name, $0) } }) { first, _ in first }
  }
}

extension TableComparison.Line {
  /// One for each kernel set that predicts any of its rows.
  func rows(of table: TableComparison) -> [OrderedRow] {
    table.sets.indices.compactMap { set in
      guard let error = errors[set] else { return nil }
      return OrderedRow([
        ("measurements", .text(table.path)), ("kind", .text(table.kind.rawValue)),
        ("labels", .object(zip(table.labels, labels).map { .init(name: $0, value: .text($1)) })),
        ("part", part.map { .text($0) } ?? .null), ("rows", .integer(Int64(rows))),
        ("kernels", .text(table.sets[set])), ("relative_error_p50", .real(error.median)),
        ("relative_error_p90", .real(error.p90)), ("relative_error_mean", .real(error.signedMean)),
        ("decided", decided > 0 ? .integer(Int64(decided)) : .null),
        ("side_right", decided > 0 ? .integer(Int64(sideRight[set])) : .null),
      ])
    }
  }
}
