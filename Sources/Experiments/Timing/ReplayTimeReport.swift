import Attention
import Machine

/// What `bench replay` tells.
package struct ReplayTimeReport {
  package struct Row {
    let added: String
    let seconds: Quantity
    let floorSeconds: Double
    let operations: Int
    let scoreBytes: Int
    /// What the last configuration added, over the time of the first alone.
    let addedShareOfFirst: Double?
  }

  let trace: String
  let processor: String
  let roofline: Roofline
  let rows: [Row]

  /// A replay by the names of databases.
  package struct Line: Encodable {
    /// The configuration that it adds to those before.
    let label: String
    let medianS: Double
    let lowS: Double
    let highS: Double
    let floorS: Double
    let operations: Int
    let scoreBytes: Int
    let addedShareOfFirst: Double?

    init(_ row: Row) {
      label = row.added
      (medianS, lowS, highS) = (row.seconds.median, row.seconds.low, row.seconds.high)
      (floorS, operations, scoreBytes) = (row.floorSeconds, row.operations, row.scoreBytes)
      addedShareOfFirst = row.addedShareOfFirst
    }
  }

  package var lines: [Line] { rows.map(Line.init) }

  /// The report as an object.
  package struct JSON: Encodable {
    let trace: String
    let hostCpu: String
    let roofline: Roofline
    let replays: [Line]
  }

  package var json: JSON { JSON(trace: trace, hostCpu: processor, roofline: roofline, replays: lines) }

  package var document: Document {
    let table = TextTable(
      rows,
      [
        // The first alone adds to nothing.
        .left("replay of") { ($0.addedShareOfFirst == nil ? "" : "+ ") + $0.added },
        .right("s") { NumberText.decimal($0.seconds.median) },
        .right("95 %", drop: 1) {
          "\(NumberText.decimal($0.seconds.low))–\(NumberText.decimal($0.seconds.high))"
        },
        .right("floor, s", drop: 3) { NumberText.decimal($0.floorSeconds) },
        .right("of floor") { NumberText.times($0.seconds.median / $0.floorSeconds) },
        .right("adds, of first", drop: 2) { NumberText.percent($0.addedShareOfFirst) },
      ])
    let peak = NumberText.decimal(roofline.operationsPerSecond.median / 1e9, places: 0)
    return Document([
      .lines([
        "\(processor), \(roofline.instructionSet.rawValue), \(roofline.threads) threads, \(peak) GFLOP/s"
      ]),
      .table(table),
    ])
  }
}
