import Foundation
import Testing

@testable import Attention

/// Against the examples of FIPS 180-4 and what `sha256sum` prints.
@Suite struct SHA256DigestTests {
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ]) func examplesOfTheStandard(text: String, digest: String) {
    #expect(SHA256Digest.hex(of: text.utf8) == digest)
  }

  @Test func aMillionLettersInPieces() {
    let digest = SHA256Digest()
    for _ in 0..<1000 { digest.update(repeatElement(UInt8(ascii: "a"), count: 1000)) }
    let million = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    #expect(digest.hex == million)
    // Reading it ends nothing.
    #expect(digest.hex == million)
    digest.update([0])
    #expect(digest.hex != million)
  }

  /// However the bytes come.
  @Test func piecesAreAsTheWhole() {
    var random = SplitMix64(seed: 7)
    let bytes = (0..<5000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    let whole = SHA256Digest.hex(of: bytes)
    for size in [1, 3, 63, 64, 65, 4999] {
      let digest = SHA256Digest()
      for start in stride(from: 0, to: bytes.count, by: size) {
        digest.update(bytes[start..<min(start + size, bytes.count)])
      }
      #expect(digest.hex == whole)
    }
  }
}
