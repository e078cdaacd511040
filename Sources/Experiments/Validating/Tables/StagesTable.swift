import Pricing

/// Measured times of the stages of sparse decode attention, each apart.
struct StagesTable {
  struct Row {
    let machine: String
    let kernel: String
    /// Spread of the scores that were chosen from: real ones lie between the two.
    let scores: String
    let call: TopKCall
    let microseconds: Double
  }

  static let columns = [
    "machine", "stage", "kernel", "sequences", "queries_per_sequence", "candidates", "rows",
    "score_distribution", "latency_us",
  ]
  /// A top-k.
  static let select = "select"
  private static let stages = ["score": "score", select: select, "attend": "attend"]
  private static let spreads = ["flat": "flat", "top_last": "top_last"]

  /// Of top-k kernels.
  let rows: [Row]
  /// Of the other stages, by their names.
  let others: [String: Int]

  /// - Throws: `PricingError` where a cell holds no name or number, or an unknown stage.
  init(_ table: TableRows) throws {
    var rows: [Row] = []
    var others: [String: Int] = [:]
    for cells in table.cells {
      let stage = try cells.choice("stage", Self.stages)
      let call = TopKCall(rows: try cells.count("rows"), candidates: try cells.count("candidates"))
      let time = try cells.number("latency_us", unit: "microseconds", range: 1e-3...1e12)
      let machine = try cells.needed("machine"), kernel = try cells.needed("kernel")
      guard stage == Self.select else {
        others[stage, default: 0] += 1
        continue
      }
      rows.append(
        Row(
          machine: machine, kernel: kernel, scores: try cells.choice("score_distribution", Self.spreads),
          call: call, microseconds: time))
    }
    (self.rows, self.others) = (rows, others)
  }
}
