import CZstd
import Foundation
import Testing

@testable import Traces

/// Does this reader judge files as `fasa-capture check` does? capture/tests/test_trace_rules.py judges the same files,
/// which Fixtures/make_rules.py made.
@Suite struct TraceRulesTests {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: Int
    /// Phrases that the message must hold; nil for a sound file.
    let wrong: [String]?
    var testDescription: String { name }
  }

  /// Each case with its file.
  private static func files() throws -> [(Case, [UInt8])] {
    let cases = try JSONDecoder().decode(
      [Case].self, from: Data(contentsOf: URL(filePath: fixture("rules.json"))))
    let stored = try bytes(of: fixture("rules.zst"))
    var whole = [UInt8](repeating: 0, count: cases.reduce(0) { $0 + $1.bytes })
    #expect(ZSTD_decompress(&whole, whole.count, stored, stored.count) == whole.count)
    var start = 0
    return cases.map { one in
      defer { start += one.bytes }
      return (one, Array(whole[start..<start + one.bytes]))
    }
  }

  @Test func everyFileIsJudgedAsItsCaseSays() throws {
    let files = try Self.files()
    #expect(files.contains { $0.0.wrong == nil } && files.contains { $0.0.wrong != nil })
    for (one, bytes) in files {
      let found = try message(bytes)
      guard let phrases = one.wrong else {
        #expect(found == "no error", "\(one.name)")
        continue
      }
      #expect(found != "no error", "\(one.name)")
      #expect(!found.contains("\n") && found.count < 500, "\(one.name)")
      for phrase in phrases {
        #expect(phrase.isEmpty || found.contains(phrase), "\(one.name): \(found)")
      }
    }
  }
}
