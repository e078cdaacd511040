import Testing

@testable import Simulator

@Suite struct LayerResultTests {
  /// (2 + 1 + 0) / (4 + 1 + 0): a step without output has no weight where it has no error, and is undefined where it has.
  @Test func errorsWeighByTheOutputsNorms() {
    let layer = LayerResult(
      layer: 3, differenceNorms: [2, 1, 0, 5, .infinity, 1], outputNorms: [4, 1, 0, 0, 2, .infinity])
    #expect((0..<3).map(layer.outputError) == [0.5, 1, 0])
    #expect((3..<6).allSatisfy { layer.outputError($0).isNaN && layer.outputNorm($0).isNaN })
    #expect(layer.outputNorm(0) == 4 && layer.outputNorm(2) == 0)
    #expect(layer.stepCount == 6 && layer.definedCount == 3)
    #expect(layer.outputNormSum == 5 && layer.projectedOutputError == 0.6)
  }

  @Test func ofOutputsThatAreAllZeroNothingIsRelative() {
    let layer = LayerResult(layer: 0, differenceNorms: [0, 0], outputNorms: [0, 0])
    #expect(layer.definedCount == 2 && layer.outputNormSum == 0 && layer.projectedOutputError.isNaN)
  }
}
