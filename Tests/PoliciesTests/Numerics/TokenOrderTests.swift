import Attention
import Testing

@testable import Policies

struct TokenOrderTests {
  /// Few tokens of many, which are sorted, and many, which are marked: from none of the span to all of it.
  @Test(arguments: [0, 1, 6, 7, 50, 99, 100]) func isAscending(count: Int) {
    var random = SplitMix64(seed: UInt64(count), 2)
    let tokens = Array((Int32(30)..<130).shuffled(using: &random).prefix(count))
    #expect(tokens.ascending(within: 30..<130) == tokens.sorted())
  }
}
