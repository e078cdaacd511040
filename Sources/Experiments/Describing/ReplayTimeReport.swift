import Hardware

/// What `bench replay` tells.
package struct ReplayTimeReport: Encodable {
  package struct Row: Encodable {
    let added: String
    let seconds: Quantity
    let floorSeconds: Double
    let operations: Int
    let scoreBytes: Int
    /// What the last configuration added, over the time of the first alone.
    let addedShareOfFirst: Double?

    package init(
      added: String, seconds: Quantity, floorSeconds: Double, operations: Int, scoreBytes: Int,
      addedShareOfFirst: Double?
    ) {
      self.added = added
      self.seconds = seconds
      self.floorSeconds = floorSeconds
      self.operations = operations
      self.scoreBytes = scoreBytes
      self.addedShareOfFirst = addedShareOfFirst
    }
  }

  let trace: String
  let processor: String
  let roofline: Roofline
  let rows: [Row]

  package init(trace: String, processor: String, roofline: Roofline, rows: [Row]) {
    self.trace = trace
    self.processor = processor
    self.roofline = roofline
    self.rows = rows
  }

  package var text: String {
    var table = TextTable([
      ("replay of", .left), ("s", .right), ("95 %", .right), ("floor, s", .right), ("of floor", .right),
      ("adds, of first", .right),
    ])
    for (index, row) in rows.enumerated() {
      table.add([
        (index == 0 ? "" : "+ ") + row.added, NumberText.decimal(row.seconds.median),
        "\(NumberText.decimal(row.seconds.low))–\(NumberText.decimal(row.seconds.high))",
        NumberText.decimal(row.floorSeconds), NumberText.times(row.seconds.median / row.floorSeconds),
        NumberText.percent(row.addedShareOfFirst),
      ])
    }
    let peak = NumberText.decimal(roofline.operationsPerSecond.median / 1e9, places: 0)
    return
      "\(processor), \(roofline.instructionSet.rawValue), \(roofline.threads) threads, \(peak) GFLOP/s\n\n\(table.text)"
  }
}
