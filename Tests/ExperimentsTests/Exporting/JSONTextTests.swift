import Foundation
import Results
import Testing

@testable import Experiments

@Suite struct JSONTextTests {
  /// Those that JSON escapes, at each end and within, and those that it might.
  @Test(arguments: [
    "plain", "", "a/b", "say \"x\"", "\"", "back\\slash", "a\nb\tc\r", "\u{0}", "\u{1f}", "\u{7f}",
    "é😀\u{2028}", "</script>",
  ])
  func textIsAsFoundationHasIt(text: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    let expected = String(decoding: try encoder.encode(text), as: UTF8.self)
    var bytes: [UInt8] = []
    try JSONText([text, "b"]).append([.text(text), .null], to: &bytes)
    #expect(String(decoding: bytes, as: UTF8.self) == "{\(expected):\(expected),\"b\":null}")
  }

  @Test func numbersAreAsSwiftHasThem() throws {
    var bytes: [UInt8] = []
    try JSONText(["a", "b", "c", "d"]).append(
      [.integer(.min), .real(0.1), .real(1e-7), .real(-0.0)], to: &bytes)
    #expect(
      String(decoding: bytes, as: UTF8.self) == #"{"a":-9223372036854775808,"b":0.1,"c":1e-07,"d":-0.0}"#)
  }
}
