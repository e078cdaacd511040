import Pricing

/// One measured call of dense decode attention of one layer: a row of the table that
/// `hardware/measurements` keeps of such calls.
package struct DecodeAttentionRow: Sendable, Equatable {
  /// What was called, on what; two calls of one shape should take the same time.
  package struct Shape: Sendable, Hashable {
    /// As the table's folder, or whoever imports it, names it.
    var machine: String
    /// With its version: `vllm 0.24.0`.
    var engine: String
    var kernel: String
    /// Of the cache: `bfloat16`, `float16` or `fp8`.
    var kvType: String
    /// Channels of a head.
    var headDim: Int
    var queryHeads: Int
    var kvHeads: Int
    /// Sequences of a call.
    var batch: Int
    /// Tokens that each sequence attends to.
    var context: Int
  }

  var shape: Shape
  var microseconds: Double

  static let columns = [
    "machine", "engine", "kernel", "kv_dtype", "head_dim", "query_heads", "kv_heads", "batch", "context",
    "latency_us",
  ]

  /// Cells in the order of ``columns``. Times have seven digits, which is what a 32-bit number keeps.
  var cells: [String] {
    let numbers = [shape.headDim, shape.queryHeads, shape.kvHeads, shape.batch, shape.context]
    return [shape.machine, shape.engine, shape.kernel, shape.kvType] + numbers.map(String.init)
      + ["\(microseconds.significant(7))"]
  }
}

extension DecodeAttentionRow.Shape {
  /// As it is priced and held against a machine's memory.
  var call: DenseCall {
    DenseCall(
      elementBytes: kvType == "fp8" ? 1 : 2, headDim: Double(headDim), queryHeads: Double(queryHeads),
      kvHeads: Double(kvHeads), batch: Double(batch), context: Double(context))
  }
}

extension DecodeAttentionRow.Shape: Comparable {
  /// In the order of the table's columns.
  package static func < (a: Self, b: Self) -> Bool {
    if a.machine != b.machine { return a.machine < b.machine }
    if a.engine != b.engine { return a.engine < b.engine }
    if a.kernel != b.kernel { return a.kernel < b.kernel }
    if a.kvType != b.kvType { return a.kvType < b.kvType }
    return (a.headDim, a.queryHeads, a.kvHeads, a.batch, a.context)
      < (b.headDim, b.queryHeads, b.kvHeads, b.batch, b.context)
  }
}
