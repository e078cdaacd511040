import Attention
import Testing

/// Held against the counts that the models' publishers state, which hold norms and biases too.
@Suite struct ModelShapeTests {
  @Test(
    arguments: [
      (.smolLM2, 134.5e6), (.llama3_1_8B, 8.030e9), (.llama3_1_70B, 70.55e9), (.qwen2_5_7B, 7.616e9),
      (.qwen2_5_14B, 14.77e9), (.qwen2_5_32B, 32.76e9), (.mistral7B, 7.248e9), (.llama2_7B, 6.738e9),
      (.qwen3_8B, 8.191e9), (.qwen3_32B, 32.76e9),
    ] as [(ModelShape, Double)])
  func weightsAreAsManyAsPublished(shape: ModelShape, parameters: Double) {
    #expect(abs(shape.parameters / parameters - 1) < 1e-3, "\(shape.rawValue): \(shape.parameters)")
    #expect(shape.readParameters <= shape.parameters)
  }

  @Test(arguments: ModelShape.allCases) func headsAreWhole(shape: ModelShape) {
    #expect(shape.geometry.queryHeads.isMultiple(of: shape.geometry.kvHeads) && shape.ropeBase >= 10_000)
  }
}
