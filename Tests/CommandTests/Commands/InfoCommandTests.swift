import Foundation
import Testing

@testable import fasa_sim

@Suite struct InfoCommandTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
  }

  @Test func aTraceIsToldInLines() throws {
    let run = try Executable.run(["info", "t.zst", "--verify"], in: folder)
    #expect(run.status == 0 && run.errors.isEmpty)
    var lines: [String: String] = [:]
    for line in run.output.split(separator: "\n") {
      let name = line.prefix(17).trimmingCharacters(in: .whitespaces)
      lines[name] = String(line.dropFirst(17))
    }
    #expect(lines["geometry"] == "2 layers, 6 query heads, 2 KV heads, d 32, dv 32")
    #expect(lines["rope"] == "16 chunks, half pairs, base 10,000")
    #expect(lines["tokens"] == "120: 80 prompt, 40 decode, seeded")
    #expect(lines["queries"] == "72 traced, 32 of them an observation window in the prompt")
    #expect(lines["check"] == "every frame, checksum and value is sound")
    #expect(lines["sha256"]?.count == 64)
  }

  @Test func jsonSaysTheSame() throws {
    let run = try Executable.run(["info", "t.zst", "--json"], in: folder)
    #expect(run.status == 0 && run.errors.isEmpty)
    let json = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    #expect(json["tracedQueries"] as? Int == 72 && json["observationWindow"] as? Int == 32)
    #expect(json["verified"] as? Bool == false)
    #expect(json["container"] as? String == "seekableZstd")
    #expect((json["tensors"] as? [[String: Any]])?.count == 8)
    #expect(((json["metadata"] as? [String: Any])?["tokens"] as? [String: Any])?["prompt"] as? Int == 80)
  }

  @Test func aBundledTraceIsAsItsReadmeSays() throws {
    let run = try Executable.run(["info", Inputs.bundledTrace("qa-4096.zst")], in: folder)
    #expect(run.status == 0)
    #expect(run.output.contains("SmolLM2-135M-Instruct, llama, Q4_1 GGUF\n"))
    #expect(run.output.contains("4,099: 3,979 prompt, 120 decode, teacher-forced\n"))
  }
}
