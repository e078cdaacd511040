import Foundation
import TestSupport
import Testing

@testable import Experiments
@testable import fasa_sim

@Suite struct HardwareImportCommandTests {
  let folder: TemporaryFolder
  private static let header =
    "framework,version,op_name,kernel_source,batch_size,isl,num_heads,num_key_value_heads,head_dim,"
    + "kv_cache_dtype,step,latency"
  /// Keys and values of 268 MB, which an H200 reads in 55.9 µs at least.
  private static let row = "VLLM,0.24.0,generation_attention,fa3,64,1,32,8,128,bfloat16,1023,0.1"

  init() throws {
    folder = try TemporaryFolder()
    let place = folder.url.appending(path: "data/h200_sxm/attention/vllm/0.24.0")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    try write(
      [Self.row, Self.row.replacing("1023,0.1", with: "2047,nan")],
      to: "data/h200_sxm/attention/vllm/0.24.0/generation_attention_perf.txt")
  }

  private func write(_ rows: [String], to name: String) throws {
    _ = try folder.file(Data(([Self.header] + rows).joined(separator: "\n").utf8), name)
  }

  private func run(_ text: String) throws -> Executable.Outcome {
    try Executable.run(
      "hardware import aiconfigurator \(text)".split(separator: " ").map(String.init), in: folder)
  }

  private static let result = "h200_sxm,vllm 0.24.0,fa3,bfloat16,128,32,8,64,1024,100.0"

  @Test(arguments: ["data", "data -o -"]) func theTableGoesToStandardOutput(arguments: String) throws {
    let found = try run(arguments)
    #expect(found.status == 0 && found.output.hasSuffix("latency_us\n\(Self.result)\n"), "\(found.output)")
    #expect(
      found.errorLines == [
        "data/h200_sxm/attention/vllm/0.24.0/generation_attention_perf.txt: 1 of 2 rows left out, whose time is no number above 0, at line 3"
      ])
  }

  @Test func theTableGoesToAFile() throws {
    let found = try run("data -o t.csv")
    #expect(found.status == 0 && found.output == "t.csv: 1 of 2 rows of 1 file\n")
    #expect(try folder.text("t.csv").hasSuffix("\n\(Self.result)\n"))
    let taken = try run("data -o t.csv")
    #expect(taken.status == 1 && taken.errors.contains("t.csv: expected a name that is free, found it taken"))
    #expect(try run("data -o t.csv --force").status == 0)
    #expect(try run("data -o t.csv.zst").status == 0)
    let start = try Data(contentsOf: folder.url.appending(path: "t.csv.zst")).prefix(4)
    #expect(start == Data([0x28, 0xB5, 0x2F, 0xFD]))
  }

  @Test func whatWasDoneIsPrintedAsJSON() throws {
    let found = try run("data -o t.csv --json")
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(found.output.utf8)) as? [String: Any])
    #expect(json["rows_read"] as? Int == 2 && json["rows_written"] as? Int == 1)
    #expect(json["output"] as? String == "t.csv" && (json["notes"] as? [String])?.count == 1)
    let file = try #require((json["files"] as? [[String: Any]])?.first)
    #expect(file["machine"] as? String == "h200_sxm" && file["checked_against"] as? String == "h200")
    let flaws = try #require(file["left_out"] as? [String: [String: Any]])
    #expect(flaws["no_time"]?["count"] as? Int == 1 && flaws["no_time"]?["first"] as? [Int] == [3])
  }

  @Test func aMachineIsNamed() throws {
    try write([Self.row], to: "mine.csv")
    #expect(try run("mine.csv --machine h200").output.contains("\nh200,vllm 0.24.0,"))
    #expect(
      try run("mine.csv --machine unheard-of").errors.contains("no description of 'unheard-of' is known"))
    #expect(try run("data --machine gb300").output.contains("\ngb300,vllm 0.24.0,"))
  }

  @Test(arguments: [
    ("nowhere -o x.csv", "nowhere: expected a table or a folder of tables, found none"),
    ("mine.csv -o x.csv", "mine.csv: expected a table in the folder of its machine"),
    ("bad.csv --machine h200 -o x.csv", "bad.csv:2: step: expected a whole number"),
    ("fast.csv --machine h200 -o x.csv", "found none of 1: 1 faster than the memory"),
    ("data bad.csv --machine h200 -o x.csv", "bad.csv:2: step"),
    ("data -o x.csv.gz", "x.csv.gz: expected a name that ends in .csv or .csv.zst"),
    ("data --json", "--json: expected --output with a file"),
    ("data -o x/y.csv", "x/y.csv: expected to write"),
    ("data --machine no/x.yaml -o x.csv", "no/x.yaml: expected"), ("-o x.csv", "Missing expected argument"),
  ])
  func whatCannotBeIsRefused(arguments: String, message: String) throws {
    try write([Self.row], to: "mine.csv")
    try write([Self.row.replacing("1023", with: "many")], to: "bad.csv")
    try write([Self.row.replacing("0.1", with: "0.01")], to: "fast.csv")
    let found = try run(arguments)
    #expect(found.status != 0 && found.output.isEmpty && found.errors.contains(message), "\(found.errors)")
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.url.path(percentEncoded: false))
    #expect(Set(left) == ["data", "mine.csv", "bad.csv", "fast.csv", "stdout", "stderr"])
  }

  @Test func shellsCompleteIt() throws {
    let script = try Executable.run(["--generate-completion-script", "bash"], in: folder).output
    #expect(script.contains("aiconfigurator"))
  }
}
