import Attention
import Testing

@testable import Policies

/// What a row is wide, and how many numbers a kernel finds in it.
@Suite struct StoredRowTests {
  @Test func aScaleIsNoNumber() {
    let (scaled, plain) = (
      StoredRow.rounded(32, bits: 4).scoring(), StoredRow.rounded(32, bits: 4, hasScale: false).scoring()
    )
    #expect(scaled.rowBytes == 20 && scaled.numbers == 32 && scaled.kernel == .lowBit)
    #expect(plain.rowBytes == 16 && plain.numbers == 32)
  }

  /// Two codes of 6 bits are two bytes, of which four bits are left over.
  @Test func whatFillsARowUpIsNoNumber() {
    let codes = StoredRow.codes(2, bits: 6).scoring()
    #expect(codes.rowBytes == 2 && codes.numbers == 2 && codes.kernel == .codes)
    #expect(StoredRow.codes(3, bits: 6).scoring().numbers == 3)
  }

  @Test func wholeNumbersFillARow() {
    let wide = StoredRow.rounded(24, bits: 16).scoring(.gather(rowBytes: 48))
    #expect(wide.rowBytes == 48 && wide.numbers == 24 && wide.kernel == .vectors)
    #expect(wide.kind.pattern == .gather(rowBytes: 48))
    #expect(DecodeOperation(.score, .rows, .keys, rowBytes: 128).numbers == 64)
  }
}
