/// A small seeded generator (Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195): the same numbers on every machine.
public struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  /// A stream of its own for every place: the coordinates are mixed into the seed.
  public init(seed: UInt64, _ coordinates: Int...) {
    state = seed
    for coordinate in coordinates {
      state ^= UInt64(truncatingIfNeeded: coordinate)
      state = next()
    }
  }

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// An even draw below `bound` (Lemire's multiply-shift; its bias is below 2^-40 for any cache).
  public mutating func below(_ bound: Int) -> Int {
    Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// `count` distinct members of `range`, ascending (Floyd's algorithm).
  public mutating func sample(_ count: Int, of range: Range<Int>) -> [Int] {
    // A bit per member: marking is one operation, and reading the bits off gives them in order.
    var words = Array(repeating: UInt64(0), count: (range.count + 63) / 64)
    for limit in (range.count - count)..<range.count {
      let candidate = below(limit + 1)
      let isNew = words[candidate / 64] >> UInt64(candidate % 64) & 1 == 0
      let member = isNew ? candidate : limit
      words[member / 64] |= 1 << UInt64(member % 64)
    }
    var chosen: [Int] = []
    chosen.reserveCapacity(count)
    for (index, word) in words.enumerated() {
      var left = word
      while left != 0 {
        chosen.append(range.lowerBound + 64 * index + left.trailingZeroBitCount)
        left &= left - 1
      }
    }
    return chosen
  }
}
