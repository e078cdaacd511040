import Testing

@testable import Traces

@Suite struct XXHash64Tests {
  private func checksum(_ content: [UInt8], pieces: Int) -> UInt32 {
    var hash = XXHash64()
    for start in stride(from: 0, to: content.count, by: max(pieces, 1)) {
      Array(content[start..<min(start + pieces, content.count)]).withUnsafeBytes { hash.update($0) }
    }
    return hash.checksum
  }

  /// zstd ends a frame with the same hash of its content.
  @Test func zstdComputesTheSame() {
    for count in [0, 1, 3, 4, 7, 8, 31, 32, 33, 63, 64, 100, 1000, 4099] {
      let content = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 31 &+ $0 >> 3) }
      let expected = UInt32(compress(content).suffix(4).littleEndian(at: 0, count: 4))
      for pieces in [1, 5, 32, 33, 5000] {
        #expect(checksum(content, pieces: pieces) == expected, "\(count) bytes, \(pieces) at a time")
      }
    }
  }

  /// The specification's own values of an empty text and of one letter.
  @Test func knownValues() {
    #expect(checksum([], pieces: 1) == UInt32(truncatingIfNeeded: 0xEF46_DB37_51D8_E999 as UInt64))
    #expect(
      checksum(Array("a".utf8), pieces: 1) == UInt32(truncatingIfNeeded: 0xD24E_C4F1_A98C_6E5B as UInt64))
  }
}
