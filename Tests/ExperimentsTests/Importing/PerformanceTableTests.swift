import Foundation
import Pricing
import TestSupport
import Testing

@testable import Experiments

@Suite struct PerformanceTableTests {
  private static let file = "data/h100_sxm/attention/vllm/0.24.0/t.txt"

  private func read(_ text: String, isConverted: Bool = false) throws -> PerformanceTable {
    try PerformanceTable(
      Data(text.utf8), file: "t.txt", origin: TableOrigin(file: Self.file), isConverted: isConverted)
  }

  /// The context is what is written and what is there already; milliseconds become microseconds.
  @Test func aRowIsACall() throws {
    let row = try #require(try read(PublishedTable.text([PublishedTable.row()])).rows.first)
    #expect(row.number == 2)
    #expect(
      row.row.cells == [
        "h100_sxm", "vllm 0.24.0", "fa3", "bfloat16", "128", "32", "8", "64", "1024", "100.0",
      ])
    #expect(row.row.shape.call.cacheBytes == 2 * 64 * 8 * 1024 * 128 * 2)
  }

  @Test(arguments: [
    ("TRTLLM", "float16", "trtllm 0.24.0", "float16"), ("SGLang", "fp8_e4m3", "sglang 0.24.0", "fp8"),
    ("VLLM", "fp8", "vllm 0.24.0", "fp8"), ("SGLang", "FP8_E5M2", "sglang 0.24.0", "fp8"),
    ("vllm", "half", "vllm 0.24.0", "float16"),
  ])
  func enginesNameTheirTypes(framework: String, type: String, engine: String, kvType: String) throws {
    let table = try read(PublishedTable.text([PublishedTable.row(framework: framework, type: type)]))
    let shape = try #require(table.rows.first).row.shape
    #expect(shape.engine == engine && shape.kvType == kvType)
    #expect(shape.call.cacheBytes == (kvType == "fp8" ? 1 : 2) * 134_217_728)
  }

  /// Before windows and kernels had columns; counts with a point; a byte order mark; the folder names the engine.
  @Test func olderTablesAreRead() throws {
    let text =
      "\u{FEFF}batch_size,isl,num_heads,num_key_value_heads,head_dim,kv_cache_dtype,step,latency\n1.0,1,32,8,128,bfloat16,4095,0.02\n"
    let row = try #require(try read(text).rows.first?.row)
    #expect(row.shape.engine == "vllm 0.24.0" && row.shape.kernel == "default" && row.shape.batch == 1)
    #expect(row.shape.context == 4096 && row.microseconds == 20)
  }

  @Test(arguments: [
    (PublishedTable.row(operation: "context_attention"), ImportFlaw.otherOperation),
    (PublishedTable.row(window: "128"), .slidingWindow), (PublishedTable.row(beams: "4"), .beamSearch),
    (PublishedTable.row(type: "int8"), .unknownType), (PublishedTable.row(type: ""), .unknownType),
    (PublishedTable.row(latency: "nan"), .noTime), (PublishedTable.row(latency: "0"), .noTime),
    (PublishedTable.row(latency: "-0.1"), .noTime), (PublishedTable.row(latency: "inf"), .noTime),
    (PublishedTable.row(latency: ""), .noTime), (PublishedTable.row(latency: "fast"), .noTime),
  ])
  func aFlawedRowIsCounted(row: String, flaw: ImportFlaw) throws {
    let good = PublishedTable.row(window: "-1", beams: "")
    let table = try read(PublishedTable.text([good] + Array(repeating: row, count: 5)))
    #expect(table.count == 6 && table.rows.map(\.number) == [2])
    #expect(table.flaws.keys.map(\.self) == [flaw])
    #expect(table.flaws[flaw]?.count == 5 && table.flaws[flaw]?.first == [3, 4, 5])
    #expect(table.flaws[flaw]?.places("line").hasSuffix("the first at lines 3, 4, 5") == true)
  }

  /// Of a Parquet file the reader counts rows, which has no header line.
  @Test func rowsOfParquetAreCountedFromOne() throws {
    let table = try read(
      PublishedTable.text([PublishedTable.row(), PublishedTable.row(type: "auto")]), isConverted: true)
    #expect(table.rows.map(\.number) == [1])
    #expect(table.flaws[.unknownType]?.places("row") == "'auto', at row 2")
  }

  @Test(arguments: [
    ("", "t.txt: expected a header line"), ("a,b\n1,2\n", "none called batch_size, isl"),
    (PublishedTable.text(["1,2"]), "t.txt:2: expected 16 columns, found 2"),
    (
      PublishedTable.text([PublishedTable.row(), PublishedTable.row(step: "many")]),
      "t.txt:3: step: expected a whole number from 0 to 1000000000, found 'many'"
    ),
    (PublishedTable.text([PublishedTable.row(batch: 0)]), "t.txt:2: batch_size"),
    (PublishedTable.text([PublishedTable.row(step: "1.5")]), "found '1.5'"),
    (PublishedTable.text([PublishedTable.row(step: "1e300")]), "found '1e300'"),
    (PublishedTable.text([PublishedTable.row(window: "wide")]), "t.txt:2: window_size"),
  ])
  func aWrongTableIsOneClearError(text: String, part: String) {
    let error = #expect(throws: PricingError.self) { try read(text) }
    #expect(error.map { "\($0)".contains(part) } == true, "\(String(describing: error))")
  }
}
