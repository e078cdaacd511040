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
    let table = TextTable(
      rows,
      [
        // The first alone adds to nothing.
        .left("replay of") { ($0.addedShareOfFirst == nil ? "" : "+ ") + $0.added },
        .right("s") { NumberText.decimal($0.seconds.median) },
        .right("95 %") { "\(NumberText.decimal($0.seconds.low))–\(NumberText.decimal($0.seconds.high))" },
        .right("floor, s") { NumberText.decimal($0.floorSeconds) },
        .right("of floor") { NumberText.times($0.seconds.median / $0.floorSeconds) },
        .right("adds, of first") { NumberText.percent($0.addedShareOfFirst) },
      ])
    let peak = NumberText.decimal(roofline.operationsPerSecond.median / 1e9, places: 0)
    return
      "\(processor), \(roofline.instructionSet.rawValue), \(roofline.threads) threads, \(peak) GFLOP/s\n\n\(table.text)"
  }
}
