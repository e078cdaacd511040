import Attention

@testable import Kernels

/// Random elements as a trace stores them, and what they are as 32-bit floats.
struct Stored {
  let element: ElementType
  let bytes: Fenced<UInt8>
  /// The same as 16-bit words, none for `f32`.
  let words: Fenced<UInt16>
  let floats: [Float]

  init(_ element: ElementType, count: Int, seed: UInt64) {
    var random = SeededRandom(seed)
    self.element = element
    if element == .f32 {
      floats = random.signed(count: count)
      words = Fenced(count: 0)
      bytes = Fenced(floats.flatMap { value in (0..<4).map { UInt8(value.bitPattern >> (8 * $0) & 255) } })
    } else {
      let patterns = (0..<count).map { _ in Self.moderate(element, &random) }
      floats = patterns.map { Naive.widen($0, element) }
      words = Fenced(patterns)
      bytes = Fenced(patterns.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] })
    }
  }

  /// A pattern of magnitude 2^-6 ..< 2 and either sign.
  private static func moderate(_ element: ElementType, _ random: inout SeededRandom) -> UInt16 {
    let sign = UInt16(random.below(2)) << 15
    return element == .f16
      ? sign | UInt16(9 + random.below(7)) << 10 | UInt16(random.below(1024))
      : sign | UInt16(121 + random.below(7)) << 7 | UInt16(random.below(128))
  }
}
