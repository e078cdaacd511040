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
    #expect(abs(shape.parameters / parameters - 1) < 1e-3, "\(shape.rawValue): \(shape.parameters)")
    #expect(shape.readParameters <= shape.parameters)
  }

  @Test(arguments: ModelShape.allCases) func headsAreWhole(shape: ModelShape) {
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

  @Test(arguments: ModelShape.allCases) func someLayersSeeTheWholeContext(shape: ModelShape) {
    guard let windowed = shape.windowed else { return }
    #expect(windowed.layers > 0 && windowed.layers < shape.geometry.layers && windowed.tokens > 0)
  }

  @Test func windowsAreInAllLayersButEverySixthOrInEveryOther() {
    for shape in [ModelShape.gemma3_4B, .gemma3_12B, .gemma3_27B] {
      let layers = shape.geometry.layers
      #expect(shape.windowed == .init(layers: layers - layers / 6, tokens: 1024))
    }
    for shape in [ModelShape.gptOSS20B, .gptOSS120B] {
      #expect(shape.windowed == .init(layers: shape.geometry.layers / 2, tokens: 128))
    }
    #expect(ModelShape.deepSeekV3.windowed == nil && ModelShape.mistral7B.windowed == nil)
  }
}
