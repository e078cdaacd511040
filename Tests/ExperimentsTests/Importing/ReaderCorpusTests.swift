import Foundation
import TestSupport
import Testing

@testable import Traces

extension Reader {
  static let traceOfChoices = try? Trace(
    path: tests.appendingPathComponent("TracesTests/Fixtures/f16.safetensors").path)

  static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  func onFile(_ bytes: UnsafeBufferPointer<UInt8>, _ body: (String) throws -> Void) -> Bool {
    // A file that cannot be written is no input that was refused.
    do {
      let folder = try TemporaryFolder()
      let path = try folder.file(Data(bytes), "input")
      return withExtendedLifetime(folder) { attempt { try body(path) } }
    } catch {
      Issue.record(error)
      return false
    }
  }
}

/// Inputs that led the fuzzer to code that it had not seen, as they are and with a few bytes changed: each is read or refused. A trap
/// ends the whole run. What `scripts/fuzz` finds later comes into the same folders.
@Suite struct ReaderCorpusTests {
  @Test(arguments: Reader.allCases) func whatTheFuzzerKeptIsReadOrRefused(reader: Reader) throws {
    let inputs = try inputs(of: reader)
    #expect(!inputs.isEmpty)
    // Without it `external` reads nothing.
    #expect(Reader.traceOfChoices != nil)
    for input in inputs { _ = input.withUnsafeBufferPointer(reader.read) }
  }

  @Test(arguments: Reader.allCases) func soItIsWithAFewBytesChanged(reader: Reader) throws {
    var random = SeededRandom(1)
    for input in try inputs(of: reader) where !input.isEmpty {
      var changed = input
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0..<changed.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: changed[place] = UInt8.random(in: 0...255, using: &random)
        case 1: changed.removeSubrange(place...)
        default: changed.insert(contentsOf: changed[..<place], at: place)
        }
        if changed.isEmpty { break }
      }
      _ = changed.withUnsafeBufferPointer(reader.read)
    }
  }

  private func inputs(of reader: Reader) throws -> [[UInt8]] {
    let folder = Reader.tests.appendingPathComponent("fuzz/corpus/\(reader.rawValue)")
    return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .sorted { $0.path < $1.path }
      .map { try [UInt8](Data(contentsOf: $0)) }
  }
}
