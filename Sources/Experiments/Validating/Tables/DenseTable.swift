import Pricing

/// Measured times of dense decode attention, by machine and engine.
struct DenseTable {
  struct Row {
    let machine: String
    /// With its version: `vllm 0.24.0`.
    let engine: String
    let kernel: String
    let call: DenseCall
    let microseconds: Double

    /// The engine without its version, which a kernel set is called by.
    var engineName: String { String(engine.prefix { $0 != " " }) }
  }

  static let columns = DecodeAttentionRow.columns
  private static let bytes = ["bfloat16": 2.0, "float16": 2, "fp8": 1]

  let rows: [Row]

  /// - Throws: `PricingError` where a cell holds no name, number or type.
  init(_ table: TableRows) throws {
    rows = try table.cells.map { cells in
      let call = DenseCall(
        elementBytes: try cells.choice("kv_dtype", Self.bytes), headDim: try cells.count("head_dim"),
        queryHeads: try cells.count("query_heads"), kvHeads: try cells.count("kv_heads"),
        batch: try cells.count("batch"), context: try cells.count("context"))
      guard call.queryHeads >= call.kvHeads else {
        throw PricingError(
          "\(cells.place): query_heads", expected: "as many as kv_heads or more",
          found: "'\(cells.text("query_heads") ?? "")'")
      }
      return Row(
        machine: try cells.needed("machine"), engine: try cells.needed("engine"),
        kernel: try cells.needed("kernel"), call: call,
        microseconds: try cells.number("latency_us", unit: "microseconds", range: 1e-3...1e12))
    }
  }
}

extension DenseCall {
  /// As lists of cases show it.
  var shape: String {
    "batch \(NumberText.grouped(batch)), \(NumberText.grouped(context)) tokens, \(Int(queryHeads)) on \(Int(kvHeads)) heads of \(Int(headDim))"
  }
}
