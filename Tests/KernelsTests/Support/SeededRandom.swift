import TestSupport

typealias SeededRandom = TestSupport.SeededRandom

extension SeededRandom {
  /// A multiple of 2^-23 in [-1, 1).
  mutating func signed() -> Float { Float(next() >> 40) * 0x1p-23 - 1 }

  mutating func signed(count: Int) -> [Float] { (0..<count).map { _ in signed() } }

  /// `count` distinct members of `0 ..< bound`, in random order.
  mutating func distinct(_ count: Int, below bound: Int) -> [Int32] {
    Array((0..<Int32(bound)).shuffled(using: &self).prefix(count))
  }
}
