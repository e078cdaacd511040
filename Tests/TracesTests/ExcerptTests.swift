import Foundation
import Testing

@testable import Traces

@Suite struct ExcerptTests {
  @Test func shortTextIsShownAsItIs() {
    #expect(Excerpt.of("täst “quoted” 😀") == "täst “quoted” 😀")
    #expect(Excerpt.of(String(repeating: "a", count: 80)) == String(repeating: "a", count: 80))
  }

  @Test func longTextIsCut() {
    #expect(Excerpt.of(String(repeating: "a", count: 81)) == String(repeating: "a", count: 80) + "…")
    // One grapheme, however long.
    let marks = "e" + String(repeating: "\u{301}", count: 1_000_000)
    #expect(Excerpt.of(marks, limit: 3).unicodeScalars.count == 4)
  }

  @Test func whatActsOnATerminalIsEscaped() {
    #expect(Excerpt.of("a\u{1B}[31m\nb\u{202E}\u{7F}") == "a\\u{1b}[31m\\u{a}b\\u{202e}\\u{7f}")
  }

  /// A file of 64 MiB that says one thing is read in time, and not printed whole.
  @Test func longStringsAreReadInTimeAndQuotedShort() throws {
    let long = String(repeating: "ab\\u0041", count: 600_000)
    for path in ["text.title", "rope.pairing", "capture.sampling", "rope.base", "a_later_key"] {
      var trace = TraceBytes()
      trace.set(path, "MARK")
      let json = try JSONSerialization.data(withJSONObject: trace.metadata, options: [.sortedKeys])
      trace.metadataText = String(decoding: json, as: UTF8.self).replacing("MARK", with: long)
      let begun = ContinuousClock.now
      let found = try message(trace.zstd)
      if path == "a_later_key" {
        #expect(found == "no error")
        continue
      }
      #expect(found.contains("fasa-trace.\(path): expected ") && found.count < 400, "\(path)")
      #expect(ContinuousClock.now - begun < .seconds(20))
    }
  }

  @Test func longNamesAreQuotedShort() throws {
    var trace = TraceBytes()
    trace.change("extra.note") { $0.name = "note" + String(repeating: "x", count: 900) }
    #expect(try message(trace.safetensors).count < 400)
    trace = TraceBytes()
    trace.change("layers.1.k") { $0.dtype = String(repeating: "F", count: 1_000_000) }
    #expect(try message(trace.safetensors).count < 400)
    trace = TraceBytes()
    trace.change("layers.1.k") { $0.shape = Array(repeating: 1, count: 100_000) + [40] }
    #expect(try message(trace.safetensors).count < 600)
  }
}
