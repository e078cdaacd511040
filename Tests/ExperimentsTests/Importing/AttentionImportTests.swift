import CZstd
import Foundation
import Pricing
import TestSupport
import Testing

@testable import Experiments

@Suite struct AttentionImportTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func imported(_ paths: String..., machine: String? = nil) throws -> AttentionImport {
    try AttentionImport(paths: paths.map(folder.path), machine: machine)
  }

  private func lines(_ text: String) -> [Substring] {
    text.split(separator: "\n").filter { !$0.hasPrefix("#") }
  }

  @Test func rowsAreInTheTablesOrder() throws {
    try folder.table([PublishedTable.row(framework: "VLLM", batch: 4), PublishedTable.row(batch: 2)])
    try folder.table(
      [PublishedTable.row(kernel: "\"a,\"\"b\"\"\"", batch: 2)], machine: "gb200",
      name: "generation_attention_perf.csv")
    let found = try imported("data")
    #expect(
      lines(found.text) == [
        "machine,engine,kernel,kv_dtype,head_dim,query_heads,kv_heads,batch,context,latency_us",
        "gb200,vllm 0.24.0,\"a,\"\"b\"\"\",bfloat16,128,32,8,2,1024,100.0",
        "h100_sxm,vllm 0.24.0,fa3,bfloat16,128,32,8,2,1024,100.0",
        "h100_sxm,vllm 0.24.0,fa3,bfloat16,128,32,8,4,1024,100.0",
      ])
    #expect(
      found.text.contains("\n# h100_sxm/attention/vllm/0.24.0/generation_attention_perf.txt: 2 of 2 rows\n"))
    #expect(found.count == 3 && found.kept == 3 && found.fileCount == 2 && found.notes.isEmpty)
  }

  /// The bundled table's columns are those that are written.
  @Test func columnsAreTheBundledTables() throws {
    #expect(DecodeAttentionRow.columns.count == 10)
    try folder.table([PublishedTable.row()])
    let header = try #require(lines(try imported("data").text).first)
    #expect(header == Substring(DecodeAttentionRow.columns.joined(separator: ",")))
  }

  @Test func ofSeveralTimesTheMedianStands() throws {
    let path = try folder.table(
      ["0.3", "0.1", "0.2", "0.2"].map { PublishedTable.row(latency: $0) } + [PublishedTable.row(batch: 1)])
    try folder.table([PublishedTable.row(batch: 1)], name: "generation_attention_perf.csv")
    let found = try imported("data")
    #expect(lines(found.text).dropFirst().map { $0.split(separator: ",").last } == ["100.0", "200.0"])
    #expect(found.repeated.merged == 4 && found.repeated.differing == 1)
    #expect(
      found.notes == [
        "4 rows repeat shapes of others: 1 shape has several times, up to 3.00× apart, of which the median is kept, the first at \(path):3"
      ])
  }

  /// A path that is named twice, or lies in a folder that is named, is read once.
  @Test func aFileIsReadOnce() throws {
    try folder.table([PublishedTable.row()])
    let file = "data/h100_sxm/attention/vllm/0.24.0/generation_attention_perf.txt"
    #expect(try imported("data", file, file).notes.isEmpty)
  }

  @Test func thirtyTwoBitTimesAreWrittenAsTheyWere() throws {
    try folder.table([PublishedTable.row(latency: "\(Double(Float(0.08082)))")])
    #expect(lines(try imported("data", machine: "h200").text).last?.hasSuffix(",80.82") == true)
  }

  @Test func whereNothingRemainsTheReasonsAreTold() throws {
    try folder.table([
      PublishedTable.row(window: "128"), PublishedTable.row(latency: "0.01"),
      PublishedTable.row(batch: 1, latency: "0.01"),
    ])
    let error = #expect(throws: PricingError.self) { try imported("data") }
    #expect(
      error?.found
        == "none of 3: 1 of a sliding window, 1 faster than the memory can read their keys and values, 1 file left out whole for the last reason"
    )
  }

  @Test func aTableIsCompressedWhereItsNameSaysSo() throws {
    let text = String(repeating: "a,b,1\n", count: 1000)
    try TableText(text).write(to: folder.path("t.csv"))
    try TableText(text).write(to: folder.path("t.csv.zst"))
    #expect(try folder.text("t.csv") == text)
    let stored = [UInt8](try Data(contentsOf: folder.url.appending(path: "t.csv.zst")))
    var whole = [UInt8](repeating: 0, count: text.utf8.count)
    #expect(ZSTD_decompress(&whole, whole.count, stored, stored.count) == whole.count)
    #expect(whole == Array(text.utf8))
  }
}
