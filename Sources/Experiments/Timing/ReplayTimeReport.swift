import Attention
import Machine

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
  }

  let trace: String
  let processor: String
  let roofline: Roofline
  let rows: [Row]

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
