import Foundation
import TestSupport
import Testing

@testable import fasa_sim

/// Tables that bundled kernel sets are held against, by command.
@Suite struct HardwareValidateCommandTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    let rows = [
      "machine,engine,kernel,kv_dtype,head_dim,query_heads,kv_heads,batch,context,latency_us",
      "h100_sxm,vllm 0.24.0,vllm_flash_attn_fa3,bfloat16,128,32,8,8,8192,100.49",
    ]
    _ = try folder.file(Data((rows.joined(separator: "\n") + "\n").utf8), "d.csv")
  }

  private func run(_ command: String) throws -> Executable.Outcome {
    try Executable.run(command.split(separator: " ").map(String.init), in: folder)
  }

  @Test func aTableOfDenseKernelsIsHeldAgainstBundledSets() throws {
    let outcome = try run("hardware validate --measurements d.csv --cases")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.hasPrefix("d.csv: dense kernels, 1 row, nothing fitted here"))
    #expect(outcome.output.contains("vllm_flash_attn_fa3, batch 8, 8,192 tokens, 32 on 8 heads of 128"))
    #expect(outcome.output.contains("100.49 µs"))
  }

  @Test func jsonHoldsTables() throws {
    struct Report: Decodable {
      let tables: [Table]
      struct Table: Decodable {
        let kind: String
        let kernels: [String]
        let lines: [Line]
      }
      struct Line: Decodable { let rows: Int }
    }
    let outcome = try run("hardware validate --measurements d.csv --json")
    let report = try JSONDecoder.ofTheDatabase.decode(Report.self, from: Data(outcome.output.utf8))
    #expect(report.tables.map(\.kind) == ["dense kernels"] && report.tables[0].kernels.contains("vllm"))
    #expect(report.tables[0].lines.map(\.rows) == [1, 1])
  }

  @Test(arguments: [
    ("--fit h100-sxm", "expected a table that kernel sets are fitted to"),
    ("--kernel attn-none", "found none called attn-none; choose from vllm_flash_attn_fa3"),
  ])
  func whatSuchATableCannotGiveIsOneError(options: String, part: String) throws {
    let outcome = try run("hardware validate --measurements d.csv \(options)")
    #expect(outcome.status == 1 && outcome.output.isEmpty)
    #expect(outcome.errors.contains(part), "\(outcome.errors)")
  }
}
