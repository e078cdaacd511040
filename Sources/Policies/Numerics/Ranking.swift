/// A number whose order its bits tell.
protocol RankableByBits {
  /// Bits of a key, from the lowest, that tell the order.
  static var keyBits: Int { get }
  /// Falls as the number rises; zeros of both signs are one.
  var fallingKey: UInt64 { get }
}

extension Float: RankableByBits {
  static var keyBits: Int { 32 }
  var fallingKey: UInt64 {
    let bits = (self + 0).bitPattern
    return UInt64(bits >> 31 == 0 ? ~(bits | 1 << 31) : bits)
  }
}

extension Double: RankableByBits {
  static var keyBits: Int { 64 }
  var fallingKey: UInt64 {
    let bits = (self + 0).bitPattern
    return bits >> 63 == 0 ? ~(bits | 1 << 63) : bits
  }
}

extension Array where Element: RankableByBits {
  /// Positions of the numbers, the largest first; of equals the earlier one.
  ///
  /// - Parameter most: how many of them are wanted.
  func bestFirst(_ most: Int = .max) -> [Int] {
    withUnsafeTemporaryAllocation(of: RankedKey.self, capacity: 2 * count) { room in
      guard let start = room.baseAddress else { return [] }
      for (position, number) in enumerated() {
        (start + position).initialize(to: RankedKey(key: number.fallingKey, position: position))
      }
      let sorted = RankedKey.sort(start, spare: start + count, count: count, keyBits: Element.keyBits)
      return (0..<Swift.min(most, count)).map { sorted[$0].position }
    }
  }
}

/// A number's key and place in a list that is sorted.
private struct RankedKey {
  let key: UInt64
  let position: Int

  private static let digitBits = 11
  private static let digits = 1 << digitBits

  /// With fewer, to count digits takes longer than to compare.
  private static let fewest = 256

  /// Sorts by key and then by position, as they came: digit by digit, without comparisons that are mispredicted.
  ///
  /// - Parameter spare: of as many; either holds the result.
  static func sort(
    _ keys: UnsafeMutablePointer<RankedKey>, spare: UnsafeMutablePointer<RankedKey>, count: Int, keyBits: Int
  ) -> UnsafeMutablePointer<RankedKey> {
    if count < fewest {
      var few = UnsafeMutableBufferPointer(start: keys, count: count)
      few.sort { $0.key != $1.key ? $0.key < $1.key : $0.position < $1.position }
      return keys
    }
    var (from, to) = (keys, spare)
    withUnsafeTemporaryAllocation(of: Int.self, capacity: digits) { places in
      for shift in stride(from: 0, to: keyBits, by: digitBits) {
        places.initialize(repeating: 0)
        for index in 0..<count { places[from[index].digit(shift)] &+= 1 }
        // All alike here.
        if places[from[0].digit(shift)] == count { continue }
        var place = 0
        for digit in 0..<digits { (places[digit], place) = (place, place &+ places[digit]) }
        for index in 0..<count {
          let digit = from[index].digit(shift)
          (to + places[digit]).initialize(to: from[index])
          places[digit] &+= 1
        }
        (from, to) = (to, from)
      }
    }
    return from
  }

  private func digit(_ shift: Int) -> Int {
    Int(truncatingIfNeeded: key >> UInt64(shift)) & (Self.digits - 1)
  }
}
