import Attention
import Foundation
import Testing

@testable import Traces

@Suite struct TraceWriterTests {
  @Test(arguments: ElementType.allCases, [TraceWriter.Form.seekableZstd(), .safetensors])
  func whatIsWrittenIsRead(type: ElementType, form: TraceWriter.Form) throws {
    let folder = try TemporaryFolder()
    let path = folder.path("t")
    let synthetic = SyntheticTrace(
      prompt: 30, decode: 5, window: 4, elementType: type, hasPromptAttention: true, hasOutput: true,
      hasOutputProjection: true, hasScores: true)
    try synthetic.write(to: path, form: form)
    let trace = try Trace(path: path)
    #expect(trace.metadata == synthetic.metadata)
    #expect(trace.tokenIDs == synthetic.tokenIDs)
    #expect(trace.queryPositions == synthetic.queryPositions)
    #expect(trace.container == (form == .safetensors ? .safetensors : .seekableZstd))
    try trace.verify()
    for number in [1, 0] {
      let written = try #require(synthetic.layer(number))
      let read = try trace.layer(number, threads: 2)
      for part in TraceLayout.LayerPart.allCases {
        let (one, other) = (try #require(written.tensor(part)), try #require(read.tensor(part)))
        #expect(one.shape == other.shape)
        #expect(one.withUnsafeBytes { Array($0) } == other.withUnsafeBytes { Array($0) })
        #expect(other.withUnsafeBytes { Int(bitPattern: $0.baseAddress) % 64 } == 0)
      }
    }
    #expect(try folder.names == ["t"])
  }

  @Test func tensorsLargerThanAFrameAreCut() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("t")
    let metadata = TraceMetadata(
      model: .init(name: "", architecture: "", weights: "", sha256: ""),
      geometry: .init(layers: 1, queryHeads: 1, kvHeads: 1, headDim: 64, valueDim: 2), capturedLayers: [0],
      rope: .init(pairing: .half, base: 1e4, rotaryDim: 64, frequencies: nil), attention: .init(scale: 1),
      tokens: .init(prompt: 70_000, decode: 0), text: .init(title: "", licence: "", kind: "", sha256: ""),
      capture: .init(tool: "", engine: "", sampling: .greedy, created: ""))
    let k = try #require(
      Tensor(elementType: .f16, shape: [1, 70_000, 64]) { bytes in
        for row in 0..<70_000 {
          bytes.storeBytes(of: UInt16(row % 30_000), toByteOffset: row * 128, as: UInt16.self)
        }
      })
    let v = try #require(Tensor(elementType: .f16, shape: [1, 70_000, 2]) { _ in })
    let q = try #require(Tensor(elementType: .f16, shape: [1, 0, 64]) { _ in })
    let writer = try TraceWriter(
      path: path, metadata: metadata, tokenIDs: .init(repeating: 1, count: 70_000), queryPositions: [],
      form: .seekableZstd(level: 1))
    try writer.write(LayerTensors(layer: 0, k: k, v: v, q: q))
    try writer.finish()

    let trace = try Trace(path: path)
    #expect(trace.tensors.first { $0.name == "layers.0.k" }?.frames == 3)
    #expect(trace.tensors.first { $0.name == "layers.0.q" }?.frames == 0)
    let layer = try trace.layer(0, threads: 2)
    #expect(layer.k.withUnsafeBytes { Data($0) } == k.withUnsafeBytes { Data($0) })
    let shares = Shares()
    try trace.verify(threads: 2) { shares.add($0) }
    #expect(shares.all == shares.all.sorted())
    #expect(shares.all.last == 1)
  }

  @Test func headerIsWhatOtherToolsExpect() throws {
    let folder = try TemporaryFolder()
    try SyntheticTrace(prompt: 3, decode: 1).write(to: folder.path("t"), form: .safetensors)
    let content = try bytes(of: folder.path("t"))
    let length = Int(content.littleEndian(at: 0, count: 8))
    #expect(length.isMultiple(of: 8))
    let object = try JSONSerialization.jsonObject(with: Data(content[8..<8 + length])) as? [String: Any]
    let metadata = object?["__metadata__"] as? [String: String]
    // Readers in Python look these keys up and expect None.
    #expect(metadata?["fasa-trace"]?.contains("\"frequencies\":null") == true)
    #expect(metadata?["fasa-trace"]?.contains("\"layer_windows\":null") == true)
    // What readers of before do not know is not said where there is none.
    #expect(metadata?["fasa-trace"]?.contains("output_projection") == false)
  }

  /// A reader that does not know projections passes over them: they are named as nobody's, and announced apart.
  @Test func someLayersHoldTheirProjection() throws {
    let folder = try TemporaryFolder()
    let synthetic = SyntheticTrace(prompt: 3, decode: 1, hasOutputProjection: true)
    let (first, second) = (try #require(synthetic.layer(0)), try #require(synthetic.layer(1)))
    let bare = LayerTensors(layer: 0, k: first.k, v: first.v, q: first.q)
    var metadata = synthetic.metadata
    metadata.outputProjection?.layers = [1]
    func writer(_ name: String) throws -> TraceWriter {
      try TraceWriter(
        path: folder.path(name), metadata: metadata, tokenIDs: synthetic.tokenIDs,
        queryPositions: synthetic.queryPositions)
    }
    let part = "extra.layers.0.output_projection"
    let unannounced = try writer("unannounced")
    #expect(
      message { try unannounced.write(first) }
        == "unannounced: \(part): expected no such tensor, found one")
    let sound = try writer("sound")
    try sound.write(bare)
    try sound.write(second)
    try sound.finish()
    let trace = try Trace(path: folder.path("sound"))
    #expect(!trace.hasOutputProjection(layer: 0) && trace.hasOutputProjection(layer: 1))
    #expect(try trace.layer(0).outputProjection == nil)
    let read = try #require(try trace.layer(1).outputProjection)
    #expect(read.shape == [192, 192])
    #expect(read.floatValues() == second.outputProjection?.floatValues())
    #expect(trace.byteCount(layer: 1) - trace.byteCount(layer: 0) == 2 * 192 * 192)

    let missing = try writer("missing")
    try missing.write(bare)
    let last = LayerTensors(layer: 1, k: second.k, v: second.v, q: second.q)
    #expect(
      message { try missing.write(last) }
        == "missing: extra.layers.1.output_projection: expected this tensor, found none")
    metadata.outputProjection = .init(channels: 3, layers: [2])
    #expect(
      message { _ = try writer("other") }
        == "other: fasa-trace.output_projection.layers: expected captured layers, found 2; capture the trace again"
    )
  }

  @Test func nothingIsLeftUnlessFinished() throws {
    let folder = try TemporaryFolder()
    let synthetic = SyntheticTrace(prompt: 3, decode: 1)
    let layer = try #require(synthetic.layer(0))
    do {
      let writer = try writer(synthetic, folder.path("dropped"))
      try writer.write(layer)
      #expect(try folder.names.count == 1)
    }
    #expect(try folder.names == [])

    let early = try writer(synthetic, folder.path("early"))
    try early.write(layer)
    #expect(message { try early.finish() } == "early: layers: expected all 2 captured layers, found 1")
    #expect(try folder.names == [])

    let wrong = try writer(synthetic, folder.path("wrong"))
    let second = try #require(synthetic.layer(1))
    #expect(message { try wrong.write(second) } == "wrong: layer 1: expected layer 0 next, found this one")
    #expect(try folder.names == [])
  }

  @Test func whatAReaderWouldRefuseIsNotWritten() throws {
    let folder = try TemporaryFolder()
    let synthetic = SyntheticTrace(prompt: 3, decode: 1)
    let good = try #require(synthetic.layer(0))
    func refusal(_ layer: LayerTensors) throws -> String {
      let writer = try writer(synthetic, folder.path("t"))
      return message { try writer.write(layer) }
    }
    let infinite = try #require(
      Tensor(elementType: .f16, shape: good.v.shape) {
        $0.storeBytes(of: 0x7C00, toByteOffset: 6, as: UInt16.self)
      })
    #expect(
      try refusal(LayerTensors(layer: 0, k: good.k, v: infinite, q: good.q))
        == "t: layers.0.v[0, 0, 3]: expected a finite value, found infinity; capture the trace again")
    #expect(
      try refusal(LayerTensors(layer: 0, k: good.k, v: good.q, q: good.q))
        == "t: layers.0.v: expected shape [2, 4, 32], found [6, 4, 32]")
    let wide = try #require(Tensor(elementType: .f32, shape: good.v.shape) { _ in })
    #expect(
      try refusal(LayerTensors(layer: 0, k: good.k, v: wide, q: good.q))
        == "t: layers.0.v: expected dtype F16, found F32")
    #expect(
      try refusal(LayerTensors(layer: 0, k: good.k, v: good.v, q: good.q, output: wide))
        == "t: layers.0.o: expected no such tensor, found one")
    #expect(
      message { _ = try writer(synthetic, folder.path("t"), level: 99) }
        == "t: expected a compression level from -131072 to 22, found 99")
    #expect(
      message { _ = try writer(synthetic, folder.path("no/such/t")) }
        == "t: expected to write the file, found No such file or directory; "
        + "check the folder and the space left")
    #expect(try folder.names == [])
  }

  private func writer(_ synthetic: SyntheticTrace, _ path: String, level: Int = 3) throws -> TraceWriter {
    try TraceWriter(
      path: path, metadata: synthetic.metadata, tokenIDs: synthetic.tokenIDs,
      queryPositions: synthetic.queryPositions, form: .seekableZstd(level: level))
  }

  /// The error's message with the path's last part only.
  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch let error as TraceError {
      return error.description.replacing(error.file, with: URL(filePath: error.file).lastPathComponent)
    } catch {
      return "\(error)"
    }
  }

  private final class Shares: @unchecked Sendable {
    // Unchecked: verify never reports from two threads at once.
    private(set) var all: [Double] = []
    func add(_ share: Double) { all.append(share) }
  }
}
