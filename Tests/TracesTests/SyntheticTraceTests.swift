import Attention
import Testing

@testable import Traces

@Suite struct SyntheticTraceTests {
  @Test func equalSeedsGiveEqualValues() throws {
    func keys(_ seed: UInt64) throws -> [Float] {
      try #require(SyntheticTrace(prompt: 20, decode: 2, seed: seed).layer(1)).k.floatValues()
    }
    #expect(try keys(3) == keys(3))
    #expect(try keys(3) != keys(4))
  }

  @Test(arguments: RopePairing.allCases)
  func attentionLooksLikeAModels(pairing: RopePairing) throws {
    let geometry = Geometry(layers: 1, queryHeads: 2, kvHeads: 1, headDim: 16, valueDim: 2)
    let synthetic = SyntheticTrace(
      prompt: 400, decode: 8, window: 0, geometry: geometry, pairing: pairing, hasPromptAttention: true)
    let layer = try #require(synthetic.layer(0))
    let mass = try #require(layer.promptAttention).floatValues()
    // 2 heads of 400 queries each spread a mass of 1.
    #expect(abs(mass.reduce(0, +) - 800) < 0.01)
    let sink = (mass[0] + mass[400]) / 800
    #expect(sink > 0.05)
    #expect(sink < 0.9)
    // Half of what the sink leaves goes to a quarter of the tokens: neither uniform nor a point.
    let rest = mass[1..<400].sorted(by: >)
    #expect(rest.prefix(100).reduce(0, +) > 0.5 * rest.reduce(0, +))
  }

  @Test func outputIsAttentionOverStoredValues() throws {
    let geometry = Geometry(layers: 1, queryHeads: 2, kvHeads: 1, headDim: 4, valueDim: 3)
    let synthetic = SyntheticTrace(prompt: 1, decode: 1, window: 1, geometry: geometry, hasOutput: true)
    let layer = try #require(synthetic.layer(0))
    let output = try #require(layer.output).floatValues()
    // The query at position 0 sees one token, so its output is that token's value.
    let first = Array(layer.v.floatValues().prefix(3))
    #expect(Array(output[0..<3]) == first)
    #expect(Array(output[6..<9]) == first)
  }

  @Test func projectionsKeepAVectorsLength() throws {
    let geometry = Geometry(layers: 1, queryHeads: 4, kvHeads: 2, headDim: 16, valueDim: 16)
    let synthetic = SyntheticTrace(
      prompt: 2, decode: 1, geometry: geometry, elementType: .f32, hasOutputProjection: true)
    let projection = try #require(synthetic.layer(0)?.outputProjection)
    #expect(projection.shape == [64, 64] && projection.elementType == .f32)
    let values = projection.floatValues()
    let rows = (0..<64).map { Float(values[$0 * 64..<($0 + 1) * 64].reduce(0, +)) / 8 }
    let length = rows.reduce(0) { $0 + $1 * $1 }.squareRoot()
    #expect(length > 0.6 && length < 1.5)
  }

  @Test func randomValuesHaveMeanZeroAndVarianceOne() {
    var random = CounterRandom(seed: 1, stream: [1, 2])
    let values = (0..<20_000).map { _ in Double(random.normal()) }
    let mean = values.reduce(0, +) / 20_000
    let variance = values.reduce(0) { $0 + $1 * $1 } / 20_000
    #expect(abs(mean) < 0.03)
    #expect(abs(variance - 1) < 0.03)
  }

  @Test func parametersThatMakeNoTraceAreRefused() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("t")
    #expect {
      try SyntheticTrace(prompt: 0, decode: 0).write(to: path)
    } throws: {
      "\($0)"
        == "\(path): fasa-trace.tokens: expected 1 to 16777216 tokens in all, "
        + "found 0; capture the trace again"
    }
  }
}
