import Attention
import Policies
import Testing

@Suite struct ContextualAgreementTests {
  typealias Slices = ContextualAgreement.Slices
  typealias Pairing = RopePairing

  /// Calibrated slices, layout of the calibration, wanted slices, layout of the trace.
  @Test(arguments: [
    // Rotation pairs are the same frequencies in every layout.
    (Slices.rope, Pairing.half, Slices.rope, Pairing.half, true),
    (.rope, .half, .rope, .interleaved, true),
    (.rope, .interleaved, .rope, .half, true),
    (.rope, .interleaved, .rope, .interleaved, true),
    // Neighbours are the rotation pairs of an interleaved trace, and of no other.
    (.rope, .half, .adjacent, .interleaved, true),
    (.rope, .interleaved, .adjacent, .interleaved, true),
    (.rope, .half, .adjacent, .half, false),
    (.rope, .interleaved, .adjacent, .half, false),
    // Neighbours measured where they were rotation pairs.
    (.adjacent, .interleaved, .rope, .half, true),
    (.adjacent, .interleaved, .rope, .interleaved, true),
    (.adjacent, .half, .rope, .half, false),
    (.adjacent, .half, .rope, .interleaved, false),
    // Neighbours of one layout are other chunks in another.
    (.adjacent, .half, .adjacent, .half, true),
    (.adjacent, .interleaved, .adjacent, .interleaved, true),
    (.adjacent, .half, .adjacent, .interleaved, false),
    (.adjacent, .interleaved, .adjacent, .half, false),
  ])
  func serves(slices: Slices, calibrated: Pairing, wanted: Slices, layout: Pairing, expected: Bool) {
    let agreement = ContextualAgreement(
      slices: slices, pairing: calibrated, values: [.init(layer: 0, window: 1): [[1]]])
    #expect(agreement.serves(wanted, layout: layout) == expected)
    #expect((agreement.ranking(layer: 0, slices: wanted, layout: layout, window: 1) == [[1]]) == expected)
  }

  static let calibrated = ContextualAgreement(
    slices: .rope, pairing: .half,
    values: [
      .init(layer: 0, window: 512): [[0.5]], .init(layer: 0, window: 128): [[0.1]],
      .init(layer: 0, window: 256): [[0.2]], .init(layer: 1, window: 64): [[0.9]],
    ])

  @Test func windowsOfALayerAscend() {
    #expect(Self.calibrated.windows(layer: 0) == [128, 256, 512])
    #expect(Self.calibrated.windows(layer: 1) == [64])
    #expect(Self.calibrated.windows(layer: 2) == [])
  }

  @Test(arguments: [
    (1, 0.1), (128, 0.1), (191, 0.1), (192, 0.1), (193, 0.2), (256, 0.2), (384, 0.2), (385, 0.5), (9999, 0.5),
  ])
  func theNearestWindowIsTakenAndTheSmallerOfTwo(window: Int, expected: Double) {
    #expect(
      Self.calibrated.ranking(layer: 0, slices: .rope, layout: .half, window: window) == [[expected]])
  }

  @Test func aLayerThatWasNotCalibratedHasNone() {
    #expect(Self.calibrated.ranking(layer: 2, slices: .rope, layout: .half, window: 256) == nil)
  }
}
