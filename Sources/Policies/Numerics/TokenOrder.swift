extension Array where Element == Int32 {
  /// Tokens that all differ, in ascending order.
  ///
  /// - Parameter span: in which they lie.
  func ascending(within span: Range<Int>) -> [Int32] {
    // To look at a flag for each token takes as long as to sort some few.
    guard count * 16 > span.count else { return sorted() }
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: span.count) { flags in
      flags.initialize(repeating: 0)
      for token in self { flags[Int(token) - span.lowerBound] = 1 }
      // Each is written, and stays where its flag is set: room for one more than stay.
      return Array(unsafeUninitializedCapacity: count + 1) { out, written in
        guard let start = out.baseAddress else { return }
        for place in 0..<span.count {
          (start + written).initialize(to: Int32(span.lowerBound + place))
          written += Int(flags[place])
        }
      }
    }
  }
}
