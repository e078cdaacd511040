import Attention
import Foundation
import Kernels
import Policies
import Testing

@testable import Simulator
@testable import Traces

@Suite struct EngineAgreementTests {
  /// Our sums are of single precision over a few hundred tokens.
  static let singlePrecision = 5e-6

  /// What a synthetic trace holds is attention in double precision over the stored values.
  @Test(arguments: [ElementType.f16, .bf16, .f32]) func syntheticOutputsAreOurs(element: ElementType) throws {
    let folder = try TemporaryFolder()
    let synthetic = SyntheticTrace(
      prompt: 270, decode: 3, window: 5, elementType: element, hasOutput: true, seed: 2)
    try synthetic.write(to: folder.path("o.zst"))
    let found = try #require(
      try EngineAgreement.measure(Trace(path: folder.path("o.zst")), options: CalibrationOptions(threads: 2)))
    #expect(found.layers == [0, 1])
    #expect(found.rows == 2 * 6 * 8)
    #expect(found.largestRelativeError < Self.singlePrecision)
    #expect(found.medianRelativeError <= found.largestRelativeError)
  }

  @Test func aTraceWithoutOutputsHasNone() throws {
    let folder = try TemporaryFolder()
    let trace = try HandTrace(prompt: 20, decode: 2).trace(in: folder)
    #expect(try EngineAgreement.measure(trace, options: CalibrationOptions()) == nil)
  }

  /// An output that is wrong in one head is found there.
  @Test func aWrongOutputIsFound() throws {
    let folder = try TemporaryFolder()
    let synthetic = SyntheticTrace(prompt: 60, decode: 4, hasOutput: true, seed: 3)
    let writer = try TraceWriter(
      path: folder.path("w.zst"), metadata: synthetic.metadata, tokenIDs: synthetic.tokenIDs,
      queryPositions: synthetic.queryPositions, hasOutput: true)
    for number in 0..<2 {
      let layer = try #require(synthetic.layer(number))
      let output = try #require(layer.output)
      var values = output.floatValues()
      // The last head's last row, twice as long.
      if number == 1 { for index in values.indices.suffix(32) { values[index] *= 2 } }
      let wrong = Tensor(elementType: .f32, shape: output.shape) { bytes in
        for (index, value) in values.enumerated() {
          bytes.storeBytes(of: value.bitPattern, toByteOffset: 4 * index, as: UInt32.self)
        }
      }
      try writer.write(LayerTensors(layer: number, k: layer.k, v: layer.v, q: layer.q, output: wrong))
    }
    try writer.finish()
    let found = try #require(
      try EngineAgreement.measure(Trace(path: folder.path("w.zst")), options: CalibrationOptions()))
    #expect(abs(found.largestRelativeError - 0.5) < 1e-5)
    #expect(found.medianRelativeError < Self.singlePrecision)
  }

  /// A real run: the engine computed in half precision, so ours may differ by that, and by no more.
  @Test func ourAttentionIsTheEnginesOnARealTrace() throws {
    let trace = try Trace(path: bundledTrace("technical-4096.zst"))
    let groups = TraceGroups(trace)
    let kernels = try Kernels()
    let tensors = try trace.layer(17, threads: 2)
    let engine = try #require(tensors.output).floatValues()
    let rows = [0, 40, 63, 64, 100, 127]
    var errors: [Double] = []
    for kvHead in 0..<3 {
      let block = ScoredBlock(
        group: groups.context(
          layer: 17, kvHead: kvHead, element: tensors.k.elementType, seed: 0, agreement: nil),
        steps: groups.steps(rows: rows, layer: 17), kernels: kernels,
        keys: groups.keys(tensors, kvHead: kvHead, worker: ReplayWorker(kernels: kernels)),
        queries: groups.queries(tensors, kvHead: kvHead, rows: rows, kernels: kernels))
      let exact = try ExactAttention(
        block,
        values: groups.values(
          tensors, kvHead: kvHead, worker: ReplayWorker(kernels: kernels)))
      for (index, row) in rows.enumerated() {
        for head in 0..<3 {
          let first = ((kvHead * 3 + head) * trace.queryPositions.count + row) * 64
          let theirs = engine[first..<first + 64].map(Double.init)
          let ours = exact.output(block.row(head: head, step: index)).map(Double.init)
          let difference = zip(ours, theirs).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
          errors.append((difference / theirs.reduce(0) { $0 + $1 * $1 }).squareRoot())
        }
      }
    }
    errors.sort()
    #expect(errors.count == 54)
    #expect(errors[27] <= 1e-3)
    #expect(errors[53] <= 1e-2)
  }
}

/// A trace of the folder `traces`.
func bundledTrace(_ name: String) -> String {
  URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../traces/\(name)").standardized
    .path(percentEncoded: false)
}
