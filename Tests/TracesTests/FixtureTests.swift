import Attention
import Testing

@testable import Traces

/// Files that Python's safetensors and zstandard and the zstd command made (Fixtures/make.py).
@Suite struct FixtureTests {
  static let files: [(name: String, type: ElementType, container: TraceContainer)] = [
    ("f16.safetensors", .f16, .safetensors), ("bf16.safetensors", .bf16, .safetensors),
    ("f32.safetensors", .f32, .safetensors), ("f16-seekable.zst", .f16, .seekableZstd),
    ("bf16-seekable.zst", .bf16, .seekableZstd), ("f32-seekable.zst", .f32, .seekableZstd),
    ("table-checksums.zst", .f16, .seekableZstd), ("frames-across-tensors.zst", .f16, .zstd),
    ("cli-level-19.zst", .f16, .zstd), ("cli-no-content-size.zst", .f16, .zstd),
    ("frames-and-skippable.zst", .f16, .zstd),
  ]

  /// What make.py puts into the tensor with this number.
  static func values(_ number: Int, _ count: Int) -> [Float] {
    (0..<count).map { Float((37 * $0 + 11 * number) % 251 - 125) / 16 }
  }

  @Test(arguments: files.indices) func everyValueIsWhatOtherToolsWrote(index: Int) throws {
    let file = Self.files[index]
    let trace = try Trace(path: fixture(file.name))
    #expect(trace.container == file.container)
    #expect(trace.tokenIDs == Array(0..<20))
    #expect(trace.queryPositions == [13, 14, 16, 17, 18, 19])
    try trace.verify(threads: 2)
    // Backward, so that a stream has to start again.
    for (layer, first) in [(3, 5), (1, 0)] {
      let tensors = try trace.layer(layer, threads: 2)
      #expect(tensors.layer == layer)
      #expect(tensors.k.elementType == file.type)
      #expect(tensors.outputProjection == nil)
      let parts: [TraceLayout.LayerPart] = [.k, .v, .q, .promptAttention, .output]
      for (offset, part) in parts.enumerated() {
        let tensor = try #require(tensors.tensor(part))
        let count = tensor.shape.reduce(1, *)
        // make.py's order: k, v, q, prompt_attention, o, as here.
        #expect(tensor.floatValues() == Self.values(first + offset, count), "\(part)")
      }
    }
  }

  @Test func metadataOfAnotherWriterIsRead() throws {
    let trace = try Trace(path: fixture("f16-seekable.zst"))
    let metadata = trace.metadata
    #expect(metadata.text.title == "täst \"quoted\" 😀")
    #expect(metadata.capturedLayers == [1, 3])
    #expect(metadata.capture.sampling == .teacherForced)
    #expect(metadata.ropeBase(layer: 1) == 10_000)
    #expect(metadata.ropeBase(layer: 3) == 1_000_000)
    #expect(metadata.slidingWindow(layer: 0) == nil)
    #expect(metadata.slidingWindow(layer: 3) == 8)
    #expect(trace.metadataJSON.contains("a_later_key"))
    #expect(trace.contentSize == 5955)
    #expect(trace.fileSize == 3852)
    #expect(trace.tensors.map(\.name).contains("extra.notes"))
    #expect(trace.tensors.allSatisfy { $0.frames == 1 })
  }

  @Test func digestIsWhatSha256sumPrints() throws {
    let digest = try Trace(path: fixture("f16.safetensors")).digest()
    #expect(digest == "e47638ebe9a800c5799c05405dd29445139ff9bd6d64a28e2d6ed98fe514fdf9")
  }
}
