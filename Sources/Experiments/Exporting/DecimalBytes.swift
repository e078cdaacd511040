/// Numbers as text among a file's bytes, as Swift describes them: an export of steps has hundreds of millions.
extension [UInt8] {
  /// Without the text between, which takes three times as long as the digits.
  mutating func append(decimal value: Int64) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var (rest, place) = (value.magnitude, digits.count)
      repeat {
        place -= 1
        digits[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      } while rest > 0
      if value < 0 {
        place -= 1
        digits[place] = UInt8(ascii: "-")
      }
      append(contentsOf: UnsafeBufferPointer(rebasing: digits[place...]))
    }
  }

  mutating func append(decimal value: Double) {
    var text = value.description
    text.withUTF8 { append(contentsOf: $0) }
  }
}
