import Foundation
import TestSupport
import Testing
import Traces

@testable import Experiments
@testable import fasa_sim

@Suite struct SynthCommandTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func run(_ arguments: String) throws -> Executable.Outcome {
    try Executable.run(arguments.split(separator: " ").map(String.init), in: folder)
  }

  @Test func aTraceOfTheShapeThatWasAskedForIsWritten() throws {
    let run = try run(
      "synth s.zst --tokens 300 --decode 5 --window 7 --layers 1,3 --shape qwen2.5-7b --element bf16")
    #expect(run.status == 0 && run.errors.isEmpty)
    #expect(run.output.contains("28 layers, 28 query heads, 4 KV heads, d 128"))
    let trace = try Trace(path: folder.path("s.zst"))
    #expect(trace.metadata.capturedLayers == [1, 3])
    #expect(trace.metadata.tokens == .init(prompt: 295, decode: 5))
    #expect(trace.queryPositions == Array(288..<300))
    #expect(trace.metadata.rope.base == 1_000_000)
    #expect(try trace.layer(3).k.elementType == .bf16)
    try trace.verify(threads: 2)
  }

  /// The same bytes for any number of threads, and others for another seed.
  @Test func equalOptionsGiveEqualBytes() throws {
    let options = "--tokens 1200 --decode 4 --layers 0 --query-heads 4 --kv-heads 2 --head-dim 24"
    for (name, more) in [("a", "--threads 1"), ("b", "--threads 3"), ("c", "--seed 2"), ("d", "--plain")] {
      #expect(try run("synth \(name) \(options) \(more)").status == 0)
    }
    func data(_ name: String) throws -> Data { try Data(contentsOf: folder.url.appending(path: name)) }
    #expect(try data("a") == data("b"))
    #expect(try data("a") != data("c"))
    #expect(try Trace(path: folder.path("d")).container == .safetensors)
    let (packed, plain) = try (Trace(path: folder.path("a")).layer(0), Trace(path: folder.path("d")).layer(0))
    #expect(packed.k.floatValues() == plain.k.floatValues())
    #expect(packed.q.floatValues() == plain.q.floatValues())
  }

  @Test func whatIsThereIsKeptUnlessForced() throws {
    let path = try folder.file(Data("mine".utf8), "s.zst")
    let refused = try run("synth s.zst --tokens 64 --decode 2 --layers 0")
    #expect(refused.status == 1)
    #expect(
      refused.errors
        == "Error: s.zst: expected a name that is free, found it taken; give --force to replace it, or another name\n"
    )
    #expect(try Data(contentsOf: URL(filePath: path)) == Data("mine".utf8))
    #expect(try run("synth s.zst --tokens 64 --decode 2 --layers 0 --force").status == 0)
  }

  @Test(arguments: [
    ("--tokens 1", "--tokens 1: expected 2 to 16777216"),
    ("--tokens 10 --decode 10", "--decode 10: expected 1 to 9"),
    ("--layers 30", "--layers 30: expected 0 to 29"),
    ("--head-dim 9", "--head-dim 9: expected an even number, since a rotation turns two"),
    ("--query-heads 7 --kv-heads 2", "7 query heads over 2 KV heads: expected a multiple"),
    ("--window 9000", "--window 9000: expected 0 to 8064"),
  ])
  func optionsThatMakeNoTraceAreRefused(options: String, message: String) throws {
    let run = try run("synth s.zst \(options)")
    #expect(run.status == 64 && run.errors.contains(message), "\(run.errors)")
    #expect(!folder.holds("s.zst"))
  }
}
