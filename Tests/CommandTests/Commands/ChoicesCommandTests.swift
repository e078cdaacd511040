import Foundation
import TestSupport
import Testing

@testable import Experiments
@testable import fasa_sim

@Suite struct ChoicesCommandTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
  }

  func run(_ text: String) throws -> Executable.Outcome {
    try Executable.run(text.split(separator: " ").map(String.init), in: folder)
  }

  private func row(_ policy: String) throws -> [String: Any] {
    let found = try run("replay t.zst --policy \(policy) --budget 10 --no-timing --db :memory: --json")
    #expect(found.status == 0 && found.errors.isEmpty)
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(found.output.utf8)) as? [String: Any])
    let traces = try #require(json["traces"] as? [[String: Any]])
    let rows = try #require(traces.first?["configurations"] as? [[String: Any]])
    return try #require(rows.first)
  }

  /// What is written is what another framework would hand in.
  @Test(arguments: ["quest:page=4,dense-layers=0", "streaming-llm:sinks=2", "infinigen", "dense"])
  func linesAreReadAgainAsTheSameChoice(policy: String) throws {
    let written = try run("choices t.zst --policy \(policy) --budget 10 -o c.jsonl")
    #expect(written.status == 0 && written.output == "c.jsonl: 480 sets\n", "\(written.errors)")
    let (own, again) = (try row(policy), try row("external:file=c.jsonl"))
    for metric in ["recall", "mass", "output_error", "selected", "group_union"] {
      // Budgets differ: recall is of the oracle's k, which another framework's set says by its size.
      if metric == "recall", policy == "quest:page=4,dense-layers=0" || policy == "infinigen" { continue }
      #expect(try #require(own[metric] as? Double) == again[metric] as? Double, "\(metric)")
    }
  }

  /// Records of 24 bytes, each with the number of the next request for its object.
  @Test func cacheTracesKnowWhoAsksNext() throws {
    let written = try run(
      "choices t.zst --policy oracle --budget 10 --format libcachesim --page 4 -o d --layers 1")
    #expect(written.status == 0 && written.output == "d: 240 sets in 2 files\n")
    let data = try Data(contentsOf: URL(filePath: folder.path("d/layer-1-kv-head-0.oracleGeneral")))
    #expect(data.count > 0 && data.count % 24 == 0)
    var requests: [(step: UInt32, page: UInt64, size: UInt32, next: Int64)] = []
    for start in stride(from: 0, to: data.count, by: 24) {
      data.withUnsafeBytes { bytes in
        requests.append(
          (
            bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self),
            bytes.loadUnaligned(fromByteOffset: start + 4, as: UInt64.self),
            bytes.loadUnaligned(fromByteOffset: start + 12, as: UInt32.self),
            bytes.loadUnaligned(fromByteOffset: start + 16, as: Int64.self)
          ))
      }
    }
    for (number, request) in requests.enumerated() {
      let next = requests[(number + 1)...].firstIndex { $0.page == request.page }
      #expect(request.next == next.map(Int64.init) ?? -1)
      // The newest page, from token 80 on, is asked for nowhere.
      #expect(request.size == 1 && request.page != (80 + UInt64(request.step)) / 4)
    }
    #expect(zip(requests, requests.dropFirst()).allSatisfy { $0.step <= $1.step })
  }

  @Test func workloadsNameTheRowsThatAreRead() throws {
    let written = try run(
      "choices t.zst --policy oracle --budget 10 --format flashinfer --layers 0 --steps 0-3 -o w")
    #expect(written.status == 0 && written.output == "w: 24 sets in 4 files\n", "\(written.errors)")
    let name = "gqa_paged_decode_h3_kv1_d32_ps1"
    let definition = try #require(
      try JSONSerialization.jsonObject(with: Data(folder.text("w/definitions/gqa_paged/\(name).json").utf8))
        as? [String: Any])
    #expect(
      definition["name"] as? String == name
        && (definition["reference"] as? String)?.contains("def run(") == true)
    let lines = try folder.text("w/workloads/gqa_paged/\(name).jsonl").split(separator: "\n")
    #expect(lines.count == 2)
    let line = try #require(
      try JSONSerialization.jsonObject(with: Data(lines[1].utf8)) as? [String: Any])
    let workload = try #require(line["workload"] as? [String: Any])
    #expect(workload["uuid"] as? String == "layer-0-kv-head-1")
    let axes = try #require(workload["axes"] as? [String: Int])
    let blob = try Data(
      contentsOf: URL(
        filePath: folder.path("w/blob/workloads/gqa_paged/\(name)/\(name)_layer-0-kv-head-1.safetensors")))
    let header = Int(blob.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) })
    #expect(header % 8 == 0)
    let numbers = blob.dropFirst(8 + header).withUnsafeBytes { Array($0.bindMemory(to: Int32.self)) }
    #expect(axes["batch_size"] == 4 && axes["len_indptr"] == 5 && axes["num_pages"] == 84)
    #expect(numbers.count == 5 + (axes["num_kv_indices"] ?? 0) && numbers[0] == 0)
    #expect(Int(numbers[4]) == axes["num_kv_indices"])
    for step in 0..<4 {
      let rows = numbers[5 + Int(numbers[step])..<5 + Int(numbers[step + 1])]
      #expect(zip(rows, rows.dropFirst()).allSatisfy { $0 < $1 } && (rows.last ?? 99) <= 80 + step)
    }
  }

  @Test(arguments: [
    (
      "choices t.zst --policy oracle,random --budget 10 -o x",
      "t.zst: expected one policy at one budget, found 2"
    ),
    (
      "choices t.zst --policy oracle --budget 10 -o t.zst",
      "t.zst: expected a name that is free, found it taken"
    ),
    ("choices t.zst --policy oracle --budget 10 --page 4 -o x", "--page 4: expected --format libcachesim"),
    (
      "choices t.zst --policy oracle --budget 10 --format libcachesim -o t.zst --force",
      "t.zst: expected a folder"
    ),
  ])
  func whatCannotBeIsRefused(command: String, message: String) throws {
    let found = try run(command)
    #expect(found.status != 0 && found.output.isEmpty && found.errors.contains(message), "\(found.errors)")
    #expect(!folder.holds("x"))
  }
}
