import TestSupport
import Testing

@testable import Policies

/// Against sorting by comparisons.
@Suite struct RankingTests {
  /// Few, so that digits are not counted, and many.
  @Test(arguments: [0, 1, 2, 60, 255, 256, 1000, 5000]) func numbersAreInOrder(count: Int) {
    var random = SeededRandom(UInt64(count))
    for likeness in [1, 7, 1 << 20] {
      let numbers = (0..<count).map { _ -> Float in
        switch random.below(40) {
        case 0: return .infinity
        case 1: return -.infinity
        case 2: return -0.0
        case 3: return 0
        case 4: return .leastNonzeroMagnitude
        default: return Float(random.below(likeness)) - Float(likeness) / 2
        }
      }
      let expected = numbers.indices.sorted { (numbers[$0], $1) > (numbers[$1], $0) }
      #expect(numbers.bestFirst() == expected)
      #expect(numbers.map { Double($0) * 1.1 }.bestFirst() == expected)
      #expect(numbers.bestFirst(10) == Array(expected.prefix(10)))
    }
  }
}
