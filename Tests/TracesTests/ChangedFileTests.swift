import Foundation
import Testing

@testable import Traces

/// A file that is written while it is read gives an error, never other values under the old digest.
@Suite struct ChangedFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func opened(_ bytes: [UInt8]) throws -> Trace {
    let path = try folder.file(bytes)
    // Written well before it is opened: a clock that ticks a few hundred times a second would not show the difference.
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1e9)], ofItemAtPath: path)
    return try Trace(path: path)
  }

  private func expectNoticed(_ body: () throws -> Void) {
    #expect {
      try body()
    } throws: {
      guard let error = $0 as? TraceError else { return false }
      return error.kind == .cannotRead && error.advice == "see that nothing writes the file while it is read"
    }
  }

  @Test(arguments: [true, false]) func overwrittenInPlace(isBare: Bool) throws {
    let bytes = try isBare ? TraceBytes().safetensors : TraceBytes().seekable
    let trace = try opened(bytes)
    let handle = try FileHandle(forWritingTo: URL(filePath: trace.path))
    try handle.write(contentsOf: Data(bytes))
    try handle.close()
    expectNoticed { _ = try trace.layer(1) }
    expectNoticed { _ = try trace.digest() }
    expectNoticed { try trace.verify() }
  }

  /// A digest that is known is not given out for what lies there now.
  @Test func overwrittenAfterItsDigest() throws {
    let bytes = try TraceBytes().safetensors
    let trace = try opened(bytes)
    let digest = try trace.digest()
    let other = trace
    #expect(try other.digest() == digest)
    let handle = try FileHandle(forWritingTo: URL(filePath: trace.path))
    try handle.write(contentsOf: Data(bytes))
    try handle.close()
    expectNoticed { _ = try trace.digest() }
    expectNoticed { _ = try other.digest() }
  }

  @Test func truncated() throws {
    let trace = try opened(try TraceBytes().safetensors)
    let handle = try FileHandle(forWritingTo: URL(filePath: trace.path))
    try handle.truncate(atOffset: 100)
    try handle.close()
    expectNoticed { _ = try trace.layer(1) }
    expectNoticed { _ = try trace.digest() }
  }

  /// Another file under the same name is none of this trace's concern.
  @Test func replaced() throws {
    let trace = try opened(try TraceBytes().safetensors)
    let digest = try trace.digest()
    try Data("other".utf8).write(to: URL(filePath: trace.path), options: .atomic)
    #expect(try trace.digest() == digest)
    #expect(try trace.layer(1).k.shape == [1, 5, 4])
  }
}
