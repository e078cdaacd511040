import TestSupport
import Testing

@testable import Simulator

@Suite struct AnchorSearchTests {
  static func losses(_ layers: Int, seed: UInt64) -> [[Double]] {
    var random = SeededRandom(seed)
    return (0..<layers).map { _ in (0..<layers).map { _ in Double(random.below(1000)) } }
  }

  /// What all layers lose where these choose for those after them.
  static func loss(_ anchors: [Int], _ losses: [[Double]]) -> Double {
    losses.indices.reduce(0) { sum, layer in sum + losses[anchors.filter { $0 <= layer }.max() ?? 0][layer] }
  }

  /// Every set of layers that holds the first.
  static func everyPattern(_ layers: Int) -> [[Int]] {
    (0..<1 << (layers - 1)).map { bits in [0] + (1..<layers).filter { bits >> ($0 - 1) & 1 == 1 } }
  }

  @Test(arguments: 1...8, 1...5 as ClosedRange<UInt64>) func noOtherPatternLosesLess(
    layers: Int, seed: UInt64
  ) {
    let losses = Self.losses(layers, seed: seed)
    let found = AnchorSearch(losses).patterns(most: layers + 2)
    #expect(found.map(\.anchors.count) == Array(1...layers))
    for pattern in found {
      #expect(pattern.anchors == Set(pattern.anchors).sorted() && pattern.anchors.first == 0)
      #expect(pattern.loss == Self.loss(pattern.anchors, losses))
      let others = Self.everyPattern(layers).filter { $0.count == pattern.anchors.count }
      #expect(others.map { Self.loss($0, losses) }.min() == pattern.loss)
    }
  }

  @Test func fewerAreFoundWhereFewerAreAskedFor() {
    #expect(AnchorSearch(Self.losses(6, seed: 1)).patterns(most: 2).count == 2)
    #expect(AnchorSearch([]).patterns(most: 2).isEmpty)
  }
}
