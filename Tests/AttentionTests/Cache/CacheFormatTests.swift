import Attention
import Foundation
import Testing

/// What is read back of a cache, bit for bit as other implementations have it: see Fixtures/cache_formats.py.
@Suite struct CacheFormatTests {
  struct Fixture: Decodable {
    struct Told: Decodable {
      let sha256: String
      let rows: [Double]
      let error: Double
    }
    let input: String
    let formats: [String: [String: Told]]

    static func read() throws -> Fixture {
      let file = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../Fixtures/cache_formats.json")
      return try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: file))
    }
  }

  static let (tokens, channels) = (96, 64)
  /// Their sums are taken in another order.
  static let inexact: Set<CacheFormat> = [.turnedQ8, .turnedQ4]

  static func values() -> [Float] {
    var found = (0..<tokens * channels).map { place -> Float in
      let mixed = UInt32(truncatingIfNeeded: UInt64(place) &* 2_654_435_761)
      return Float(Int32(bitPattern: mixed)) * 0x1p-31 * Float(1 + place % 7)
    }
    func row(_ token: Int, _ change: (Int, Float) -> Float) {
      for c in 0..<channels { found[token * channels + c] = change(c, found[token * channels + c]) }
    }
    row(1) { _, _ in 0 }
    row(2) { _, _ in 0.75 }
    row(3) { channel, _ in channel.isMultiple(of: 2) ? -2 : 2 }
    row(4) { $1 * 300 }
    row(5) { $1 * 0x1p-12 }
    for token in 0..<tokens { found[token * channels + 9] *= 20 }
    return found
  }

  static func round(_ values: inout [Float], _ format: CacheFormat, _ side: CacheFormat.Side) {
    let tensor = format.tensorScale(values, count: values.count)
    format.round(&values, tokens: tokens, channels: channels, side: side, tensor: tensor)
  }

  static func digest(_ values: [Float]) -> String {
    let digest = SHA256Digest()
    values.withUnsafeBytes { digest.update($0) }
    return digest.hex
  }

  @Test func theInputIsTheOthers() throws {
    #expect(try Self.digest(Self.values()) == Fixture.read().input)
  }

  @Test(arguments: CacheFormat.allCases.filter { $0 != .f32 })
  func whatIsReadBackIsWhatOthersRead(format: CacheFormat) throws {
    let told = try #require(try Fixture.read().formats[format.rawValue])
    for (side, name) in [(CacheFormat.Side.keys, "keys"), (.values, "values")] {
      let (exact, expected) = (Self.values(), try #require(told[name]))
      var found = exact
      Self.round(&found, format, side)
      if !Self.inexact.contains(format) {
        #expect(Self.digest(found) == expected.sha256, "\(format), \(name)")
      }
      let rows = stride(from: 0, to: Self.tokens, by: 8).map { token in
        found[token * Self.channels..<(token + 1) * Self.channels].reduce(0.0) { $0 + Double(abs($1)) }
      }
      for (row, other) in zip(rows, expected.rows) { #expect(abs(row - other) <= 0.01 * other + 1e-12) }
      let error = zip(found, exact).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
      let norm = exact.reduce(0.0) { $0 + Double($1) * Double($1) }
      #expect(abs((error / norm).squareRoot() - expected.error) <= 1e-3 * expected.error)
    }
  }

  /// Every value of a small float is its own nearest; between two lies a tie that goes to the even one.
  @Test func zeroStaysZeroAndASignTurnsTheResult() {
    for format in CacheFormat.allCases where format != .kivi4 && format != .kivi2 && format != .q4 {
      var (plus, minus) = (Self.values(), Self.values().map { -$0 })
      Self.round(&plus, format, .values)
      Self.round(&minus, format, .values)
      if Self.inexact.contains(format) { continue }
      #expect(zip(plus, minus).allSatisfy { $0 == -$1 }, "\(format)")
      #expect(plus[Self.channels..<2 * Self.channels].allSatisfy { $0 == 0 }, "\(format)")
    }
  }

  @Test func bytesAreThoseOfTheirLayouts() {
    #expect(
      CacheFormat.allCases.map { $0.rowBytes(channels: 64) } == [
        256, 128, 128, 64, 68, 68, 36, 68, 36, 40, 24, 36,
      ])
    #expect(CacheFormat.allCases.allSatisfy { 64 % $0.channels == 0 })
  }

  @Test func kiviKeepsTheNewestExact() {
    // Keys in blocks of 128 after the step that completes one, values one by one behind the last 128.
    #expect(
      [1, 128, 129, 256, 257].map { CacheFormat.kivi2.stored(.keys, of: $0) } == [0, 0, 128, 128, 256])
    #expect([1, 129, 130, 257].map { CacheFormat.kivi4.stored(.values, of: $0) } == [0, 0, 1, 128])
    #expect(CacheFormat.q4.stored(.keys, of: 7) == 7)
  }
}
