extension AttentionImport {
  package struct JSON: Encodable {
    let output: String
    let rowsRead: Int
    let rowsWritten: Int
    let files: [File]
    let repeated: Repeated
    let notes: [String]

    struct File: Encodable {
      let path: String
      let machine: String
      /// The description whose memory its times were held against; null where none could be.
      let checkedAgainst: String?
      let rowsRead: Int
      let rowsFromMemory: Int
      let rowsKept: Int
      let isLeftOut: Bool
      /// By reason.
      let leftOut: [String: FlawTally]
    }

    struct Repeated: Encodable {
      let rowsMerged: Int
      let shapesWithSeveralTimes: Int
      let furthestApart: Double
      let first: [String]
    }
  }

  /// What was read, left out and written.
  ///
  /// - Parameter output: where the table was written to.
  package func json(output: String) -> JSON {
    JSON(
      output: output, rowsRead: count, rowsWritten: kept,
      files: tables.map { table in
        .init(
          path: table.path, machine: table.origin.machine,
          checkedAgainst: table.isChecked ? table.origin.description?.name : nil, rowsRead: table.count,
          rowsFromMemory: table.fromMemory, rowsKept: table.rows.count, isLeftOut: table.isLeftOut,
          leftOut: Dictionary(table.flaws.map { (OrderedJSON.name($0.key.rawValue), $0.value) }) { first, _ in
            first
          })
      },
      repeated: .init(
        rowsMerged: repeated.merged, shapesWithSeveralTimes: repeated.differing,
        furthestApart: repeated.furthest, first: repeated.first),
      notes: notes)
  }
}
