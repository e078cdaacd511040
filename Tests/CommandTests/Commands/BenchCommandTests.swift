import Foundation
import TestSupport
import Testing

@testable import Experiments
@testable import fasa_sim

@Suite struct BenchCommandTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func run(_ arguments: String) throws -> Executable.Outcome {
    try Executable.run(arguments.split(separator: " ").map(String.init), in: folder)
  }

  private struct KernelJSON: Decodable {
    struct Row: Decodable {
      let kernel: String
      let tokens: Int
      let rooflineShare: Double
      let bytesPerS: Double
    }
    let kernels: [Row]
  }

  @Test func theKernelsAskedForAreMeasuredAtEveryLength() throws {
    let run = try Executable.run(
      [
        "bench", "--tokens", "1024,2048", "--head-dim", "64", "--heads", "2", "--threads", "2", "--json",
        "--kernel", "top-k", "--kernel", "dense score, one",
      ], in: folder)
    #expect(run.status == 0, "\(run.errors)")
    let rows = try JSONDecoder.ofTheDatabase.decode(KernelJSON.self, from: Data(run.output.utf8)).kernels
    let kernels = ["top-k, k = 256", "top-k, k = 19 %", "dense score, one head"]
    #expect(rows.map(\.kernel) == kernels + kernels)
    #expect(rows.map(\.tokens) == [1024, 1024, 1024, 2048, 2048, 2048])
    #expect(rows.allSatisfy { $0.rooflineShare > 0 && $0.rooflineShare.isFinite && $0.bytesPerS > 0 })
  }

  @Test func aKernelThatIsNotThereIsNamedBesideThoseThatAre() throws {
    let run = try run("bench --tokens 64 --threads 1 --kernel dens --kernel fast")
    #expect(run.status == 1 && run.errors.hasPrefix("Error: --kernel 'fast': expected the beginning of"))
    #expect(run.errors.contains("'dense attend'"))
  }

  private struct ReplayJSON: Decodable {
    struct Row: Decodable {
      let label: String
      let floorS: Double
      let addedShareOfFirst: Double?
    }
    let replays: [Row]
  }

  @Test func aPolicyWithHeadStatisticsIsTimed() throws {
    try Inputs.trace(in: folder)
    try Inputs.profile(in: folder)
    let run = try run("bench replay t.zst --policy loki --profile p.json --budget 8 --repeats 1 --json")
    #expect(run.status == 0, "\(run.errors)")
    let rows = try JSONDecoder.ofTheDatabase.decode(ReplayJSON.self, from: Data(run.output.utf8)).replays
    #expect(rows.map(\.label) == ["loki @ 8"])
  }

  /// Nothing is left behind: each round writes into a database of its own.
  @Test func aReplayIsTimedConfigurationByConfiguration() throws {
    try Inputs.trace(in: folder)
    let run = try run("bench replay t.zst --policy oracle,streaming-llm --budget 8,16 --repeats 1 --json")
    #expect(run.status == 0, "\(run.errors)")
    let rows = try JSONDecoder.ofTheDatabase.decode(ReplayJSON.self, from: Data(run.output.utf8)).replays
    #expect(
      rows.map(\.label) == ["oracle @ 8", "oracle @ 16", "streaming-llm @ 8", "streaming-llm @ 16"])
    #expect(rows.map { $0.addedShareOfFirst == nil } == [true, false, false, false])
    #expect(rows.allSatisfy { $0.floorS > 0 })
    #expect(!folder.holds("runs.db"))
  }

  @Test(arguments: [
    ("bench kernels --head-dim 12", "--head-dim 12: expected a multiple of 8 from 8 to 1024"),
    ("bench kernels --tokens 8", "--tokens 8: expected 64 to 4194304 each"),
    ("bench --element f32", "--element f32: expected f16 or bf16"),
    ("bench replay t.zst --repeats 0", "--repeats 0: expected 1 to 1000"),
  ])
  func badOptionsAreRefused(arguments: String, message: String) throws {
    let run = try run(arguments)
    #expect(run.status == 64 && run.errors.contains(message), "\(run.errors)")
  }
}
