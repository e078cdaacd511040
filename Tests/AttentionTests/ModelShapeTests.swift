import Attention
import Testing

/// Held against the counts that the models' publishers state, which hold norms and biases too.
@Suite struct ModelShapeTests {
  @Test(
    arguments: [
      (.smolLM2, 134.5e6), (.llama3_1_8B, 8.030e9), (.llama3_1_70B, 70.55e9), (.qwen2_5_7B, 7.616e9),
      (.qwen2_5_14B, 14.77e9), (.qwen2_5_32B, 32.76e9), (.mistral7B, 7.248e9), (.llama2_7B, 6.738e9),
      (.qwen3_8B, 8.191e9), (.qwen3_32B, 32.76e9), (.gemma3_4B, 3.880e9), (.gemma3_12B, 11.766e9),
      (.gemma3_27B, 27.009e9), (.gptOSS20B, 20.91e9), (.gptOSS120B, 116.83e9), (.deepSeekV3, 671.03e9),
    ] as [(ModelShape, Double)])
  func weightsAreAsManyAsPublished(shape: ModelShape, parameters: Double) {
    #expect(abs(shape.parameters / parameters - 1) < 1e-3, "\(shape.name): \(shape.parameters)")
    #expect(shape.readParameters <= shape.parameters)
  }

  @Test(arguments: ModelShape.bundled) func headsAreWhole(shape: ModelShape) {
    #expect(shape.geometry.queryHeads.isMultiple(of: shape.geometry.kvHeads) && shape.ropeBase >= 10_000)
  }

  /// Bytes of keys and values in bfloat16, over all layers and where no window has cut them.
  @Test(
    arguments: [
      (.llama2_7B, 524_288), (.qwen3_8B, 147_456), (.qwen3_32B, 262_144), (.mistral7B, 131_072),
      (.gemma3_4B, 139_264), (.gemma3_12B, 393_216), (.gemma3_27B, 507_904), (.gptOSS20B, 49_152),
      (.gptOSS120B, 73_728), (.deepSeekV3, 70_272),
    ] as [(ModelShape, Int)])
  func aTokenTakesAsMuchOfTheCacheAsPublished(shape: ModelShape, bytes: Int) {
    let geometry = shape.geometry
    let row = geometry.headDim + (shape.sharesValues ? 0 : geometry.valueDim)
    #expect(geometry.layers * geometry.kvHeads * row * 2 == bytes)
  }

  @Test(arguments: ModelShape.bundled) func someLayersSeeTheWholeContext(shape: ModelShape) {
    guard let windowed = shape.windowed else { return }
    #expect(!windowed.layers.isEmpty && windowed.layers.count < shape.geometry.layers && windowed.tokens > 0)
    #expect(windowed.layers.allSatisfy((0..<shape.geometry.layers).contains))
  }

  @Test func windowsAreInAllLayersButEverySixthOrInEveryOther() {
    for shape in [ModelShape.gemma3_4B, .gemma3_12B, .gemma3_27B] {
      let layers = shape.geometry.layers
      #expect(shape.windowed?.layers.count == layers - layers / 6 && shape.windowed?.tokens == 1024)
      // The first full layer is the sixth.
      #expect(shape.windowed?.layers.prefix(6) == [0, 1, 2, 3, 4, 6] && shape.windowed?.ropeBase == 10_000)
    }
    for shape in [ModelShape.gptOSS20B, .gptOSS120B] {
      let even = Array(stride(from: 0, to: shape.geometry.layers, by: 2))
      #expect(shape.windowed == .init(layers: even, tokens: 128))
    }
    #expect(ModelShape.deepSeekV3.windowed == nil && ModelShape.mistral7B.windowed == nil)
  }

  @Test func namesAreTheirs() {
    let names = ModelShape.bundled.map(\.name)
    #expect(names.count == 21 && Set(names).count == 21)
    #expect(names.allSatisfy { ModelShape.bundled(named: $0)?.name == $0 })
    #expect(ModelShape.bundled(named: "llama") == nil)
  }
}
