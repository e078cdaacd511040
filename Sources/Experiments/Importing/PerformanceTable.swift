import Foundation
import Pricing

/// NVIDIA aiconfigurator's table of decode attention, `generation_attention_perf`: one row a call of one layer.
///
/// A call writes `isl` tokens and reads `step` that are there already, so that it attends to their sum, as aiconfigurator's
/// own reader takes it (`load_generation_attention_data`); `latency` is in milliseconds. `attn_dtype`, in which kernels
/// compute, is not kept: aiconfigurator's reader leaves it out too, and what is read depends on `kv_cache_dtype` alone.
struct PerformanceTable {
  struct NumberedRow {
    /// Of the file, from 1; of a Parquet file its row.
    let number: Int
    var row: DecodeAttentionRow
  }

  private(set) var rows: [NumberedRow] = []
  private(set) var flaws: [ImportFlaw: FlawTally] = [:]
  /// Of the file, those that have a flaw too.
  private(set) var count = 0

  static let needed = [
    "batch_size", "isl", "num_heads", "num_key_value_heads", "head_dim", "kv_cache_dtype", "step", "latency",
  ]
  static let typeNames = "bfloat16, float16 and fp8"
  /// By what engines call them. Tables know no 8-bit integers, which readers would take for 16 bits.
  private static let types = [
    "bfloat16": "bfloat16", "bf16": "bfloat16", "float16": "float16", "fp16": "float16", "half": "float16",
    "fp8": "fp8", "fp8_e4m3": "fp8", "fp8_e4m3fn": "fp8", "fp8_e5m2": "fp8", "float8_e4m3fn": "fp8",
    "float8_e5m2": "fp8",
  ]

  /// - Parameters:
  ///   - file: as errors shall name it.
  ///   - origin: what the file's place says of the machine and of the engine, where its rows do not name one.
  ///   - isConverted: whether the text was made from a Parquet file, whose rows have no header line before them.
  /// - Throws: `PricingError` where a column is missing, or a shape is none.
  init(_ data: Data, file: String, origin: TableOrigin, isConverted: Bool) throws {
    let table = try QuotedCSV(data, file: file)
    let (lines, names) = (table.lines, try table.header(of: file))
    let missing = Self.needed.filter { !names.contains($0) }
    guard missing.isEmpty else {
      throw PricingError(
        file, expected: "the columns \(Self.needed.joined(separator: ", "))",
        found: "none called \(missing.joined(separator: ", "))",
        advice: "give aiconfigurator's table generation_attention_perf")
    }
    let columns = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
    count = lines.count - 1
    for line in lines.dropFirst() {
      let number = isConverted ? line.number - 1 : line.number
      let place = isConverted ? "\(file): row \(number)" : "\(file):\(number)"
      guard line.fields.count == names.count else {
        throw PricingError(
          place, expected: "\(names.count) columns", found: "\(line.fields.count)",
          advice: "write the table anew")
      }
      let cells = TableCells(place: place, fields: line.fields, columns: columns)
      if let flaw = try Self.flaw(cells) {
        let found = flaw == .unknownType ? cells.text("kv_cache_dtype") ?? "" : nil
        flaws[flaw, default: FlawTally()].add(number, found: found)
      } else {
        rows.append(NumberedRow(number: number, row: try Self.row(cells, origin)))
      }
    }
  }

  /// Leaves out rows that have a flaw which other rows or the machine show.
  mutating func leaveOut(_ flaw: ImportFlaw, where isFlawed: (DecodeAttentionRow) -> Bool) {
    for row in rows where isFlawed(row.row) { flaws[flaw, default: FlawTally()].add(row.number) }
    rows.removeAll { isFlawed($0.row) }
  }

  private static func flaw(_ cells: TableCells) throws -> ImportFlaw? {
    if let operation = cells.text("op_name"), operation != "generation_attention" { return .otherOperation }
    // Older tables know no windows; engines write none as 0 or −1.
    if cells.text("window_size") != nil, try cells.whole("window_size", from: -1) > 0 {
      return .slidingWindow
    }
    if cells.text("beam_width") != nil, try cells.whole("beam_width", from: 0) > 1 { return .beamSearch }
    if types[cells.text("kv_cache_dtype")?.lowercased() ?? ""] == nil { return .unknownType }
    guard let latency = cells.text("latency").flatMap(Double.init), latency > 0, latency.isFinite else {
      return .noTime
    }
    return nil
  }

  private static func row(_ cells: TableCells, _ origin: TableOrigin) throws -> DecodeAttentionRow {
    let engine = [
      cells.text("framework")?.lowercased() ?? origin.engine ?? "unknown",
      cells.text("version") ?? origin.version,
    ]
    return DecodeAttentionRow(
      shape: .init(
        machine: origin.machine, engine: engine.compactMap(\.self).joined(separator: " "),
        // As aiconfigurator calls a kernel that its table does not name.
        kernel: cells.text("kernel_source") ?? "default",
        kvType: types[cells.text("kv_cache_dtype")?.lowercased() ?? ""] ?? "",
        headDim: try cells.whole("head_dim"), queryHeads: try cells.whole("num_heads"),
        kvHeads: try cells.whole("num_key_value_heads"), batch: try cells.whole("batch_size"),
        context: try cells.whole("isl") + cells.whole("step", from: 0)),
      microseconds: 1000 * (cells.text("latency").flatMap(Double.init) ?? .nan))
  }
}
