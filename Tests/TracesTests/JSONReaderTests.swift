import Foundation
import Testing

@testable import Traces

@Suite struct JSONReaderTests {
  private func error(_ text: String) -> String {
    do {
      _ = try JSONReader.read(Array(text.utf8))
      return "none"
    } catch let error as JSONError {
      return "expected \(error.expected), found \(error.found) at \(error.offset)"
    } catch {
      return "\(error)"
    }
  }

  @Test func readsWhatRFC8259Allows() throws {
    let text = #" {"a" : [1, -2, 3.5e1, 0, true, false, null, "\u00e4\ud83d\ude00\n\/"], "b":{}, "c":[]} "#
    guard case .object(let members) = try JSONReader.read(Array(text.utf8)),
      case .array(let values)? = members["a"], values.count == 8,
      case .integer(-2) = values[1], case .number(35) = values[2], case .string("ä😀\n/") = values[7]
    else {
      Issue.record("another value")
      return
    }
  }

  @Test(arguments: [
    ("", "expected a JSON value, found the document's end at 0"),
    ("{", "expected a key in quotes, found the document's end at 1"),
    ("{\"a\"}", "expected \":\", found byte 125 at 4"),
    ("{\"a\":1,}", "expected a key in quotes, found byte 125 at 7"),
    ("{\"a\":1 \"b\"", "expected \",\" or \"}\", found byte 34 at 7"),
    ("[1 2]", "expected \",\" or \"]\", found byte 50 at 3"),
    ("[1,]", "expected a value or digit, found byte 93 at 3"),
    ("{\"a\":1,\"a\":2}", "expected keys that differ, found \"a\" twice at 7"),
    ("1 1", "expected the document's end, found byte 49 at 2"),
    ("[01]", "expected \",\" or \"]\", found byte 49 at 2"),
    ("NaN", "expected a JSON value, found byte 78 at 0"),
    ("[1.]", "expected a value or digit, found byte 93 at 3"),
    ("1e999", "expected a number that a double holds, found 1e999 at 5"),
    ("trux", "expected true, found byte 116 at 0"),
    ("\"a", "expected a closing quote, found the document's end at 2"),
    ("\"\u{1}\"", "expected no control character in a string, found byte 1 at 2"),
    (#""\x""#, "expected an escape of JSON, found byte 34 at 3"),
    (#""\u12G4""#, "expected four hexadecimal digits, found byte 49 at 3"),
    (#""\ud83d""#, "expected a Unicode character, found half a surrogate pair at 7"),
    (#""\"#, "expected an escaped character, found the document's end at 2"),
  ]) func refusesTheRest(text: String, message: String) {
    #expect(error(text) == message)
  }

  @Test func refusesBytesThatAreNotUTF8() {
    #expect(throws: JSONError(expected: "text in UTF-8", found: "other bytes", offset: 3)) {
      try JSONReader.read([0x22, 0xFF, 0x22])
    }
  }

  @Test func depthAndCountAreLimited() {
    let deep = String(repeating: "[", count: 100_000)
    #expect(error(deep) == "expected nesting of at most 64 levels, found more at 65")
    let deepObjects = String(repeating: "{\"a\":", count: 100_000)
    #expect(error(deepObjects).hasPrefix("expected nesting of at most 64 levels, found more"))
    let allowed = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
    #expect(error(allowed) == "none")
    let many = "[" + String(repeating: "0,", count: JSONReader.valueLimit) + "0]"
    #expect(error(many).hasPrefix("expected at most 1048576 values, found more"))
  }
}
