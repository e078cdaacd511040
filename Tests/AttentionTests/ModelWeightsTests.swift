import Attention
import Testing

/// Weights that a step reads and that a machine holds. Where their publishers' figures are given, norms and biases are
/// in them.
@Suite struct ModelWeightsTests {
  private static func isNear(_ value: Double, _ expected: Double, within share: Double = 1e-3) -> Bool {
    abs(value / expected - 1) < share
  }

  @Test(
    arguments: [
      (.llama2_7B, 6.607e9), (.qwen3_8B, 7.568e9), (.qwen3_32B, 31.984e9), (.mistral7B, 7.114e9),
      (.gemma3_4B, 3.880e9), (.gemma3_12B, 11.765e9), (.gemma3_27B, 27.008e9), (.gptOSS20B, 3.608e9),
      (.gptOSS120B, 5.133e9), (.deepSeekV3, 36.62e9),
    ] as [(ModelShape, Double)])
  func aTokenIsMultipliedWithAsManyAsPublished(shape: ModelShape, weights: Double) {
    #expect(Self.isNear(shape.activeParameters, weights), "\(shape.name): \(shape.activeParameters)")
    #expect(shape.readParameters == shape.activeParameters)
  }

  @Test(arguments: ModelShape.bundled) func moreSequencesReadMoreExpertsAndNothingElse(shape: ModelShape) {
    let read = [1, 2, 8, 64, 1024].map { shape.readParameters(batch: $0) }
    if [.gptOSS20B, .gptOSS120B, .deepSeekV3].contains(shape) {
      #expect(zip(read, read.dropFirst()).allSatisfy(<=) && read[0] < read[2])
      // All of them in the end, and no embedding table.
      #expect(read[4] < shape.parameters && read[4] > 0.93 * shape.parameters)
    } else {
      #expect(read.allSatisfy { $0 == read[0] })
    }
  }

  /// 32 · (1 - (28/32)^8) of 32 experts, of 3 · 2880² weights each, in 24 layers.
  @Test func expertsAreThoseThatIndependentTokensChoose() {
    let shape = ModelShape.gptOSS20B
    let added = shape.readParameters(batch: 8) - shape.readParameters(batch: 1)
    #expect(Self.isNear(added, 24 * (21.0045 - 4) * 3 * 2880 * 2880, within: 1e-5))
  }

  /// The table of experts in `hardware/models.md`.
  @Test(
    arguments: [
      (.gptOSS20B, 8, 13.762e9, 9.10e9), (.gptOSS20B, 32, 20.062e9, 12.45e9),
      (.gptOSS120B, 8, 27.267e9, 16.76e9), (.gptOSS120B, 32, 74.696e9, 41.96e9),
      (.deepSeekV3, 8, 162.86e9, 163.93e9), (.deepSeekV3, 32, 433.35e9, 434.49e9),
    ] as [(ModelShape, Double, Double, Double)])
  func aBatchReadsWhatTheTableSays(shape: ModelShape, batch: Double, weights: Double, bytes: Double) {
    #expect(Self.isNear(shape.readParameters(batch: batch), weights))
    #expect(Self.isNear(shape.weightBytes(batch: batch), bytes))
  }

  @Test func aTiedOutputLayerIsCountedOnce() {
    for shape in [ModelShape.smolLM2, .gemma3_4B, .gemma3_12B, .gemma3_27B] {
      #expect(shape.readParameters == shape.parameters)
    }
  }

  /// 12.8 and 60.8 GiB by OpenAI's model card. DeepSeek's repository has 688.587e9 bytes, of which 15.42e9 are those of
  /// multi-token prediction: a layer in FP8, a projection in bfloat16, and both tables once more.
  @Test(
    arguments: [
      (.gptOSS20B, 12.8 * 1_073_741_824), (.gptOSS120B, 60.8 * 1_073_741_824),
      (.deepSeekV3, 688.587e9 - 15.42e9), (.llama3_1_8B, 16.06e9),
    ] as [(ModelShape, Double)])
  func publishedFilesAreAsLarge(shape: ModelShape, bytes: Double) {
    #expect(
      Self.isNear(shape.residentWeightBytes(), bytes, within: 2e-3),
      "\(shape.name): \(shape.residentWeightBytes())")
  }

  /// 6.476e9 weights of projections with a scale and a zero point of 20 bits for 128, and an output layer of 131e6.
  @Test func fewerBitsLeaveTheTablesAlone() {
    let shape = ModelShape.llama2_7B
    let table = 4096.0 * 32_000
    let projections = shape.parameters - 2 * table
    #expect(shape.weightBytes(batch: 1, bits: 4) == (projections * (4 + 20.0 / 128) + table * 16) / 8)
    #expect(shape.residentWeightBytes(bits: 4) == (projections * (4 + 20.0 / 128) + 2 * table * 16) / 8)
    #expect(shape.weightBytes(batch: 1, bits: 8) == (projections * 8 + table * 16) / 8)
  }

  @Test(arguments: ModelShape.bundled) func aStepReadsNoMoreThanAMachineHolds(shape: ModelShape) {
    for bits in [nil, 16, 8, 4] as [Double?] {
      let held = shape.residentWeightBytes(bits: bits)
      #expect(shape.weightBytes(batch: 4096, bits: bits) <= held)
      #expect(held <= shape.parameters * 2)
    }
    #expect(shape.weightBytes(batch: 1, bits: 16) == shape.readParameters * 2)
  }
}
