import Foundation

/// A folder of a test's own, removed with it.
package final class TemporaryFolder: Sendable {
  package let url: URL

  package init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "fasa-sim-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit {
    // A database that closes meanwhile takes its own files away, which ends a removal that has listed them.
    for _ in 0..<10 where FileManager.default.fileExists(atPath: url.path(percentEncoded: false)) {
      try? FileManager.default.removeItem(at: url)
    }
  }

  package func path(_ name: String) -> String { url.appending(path: name).path(percentEncoded: false) }

  /// Writes a file and returns its path.
  package func file(_ data: Data, _ name: String) throws -> String {
    try data.write(to: url.appending(path: name))
    return path(name)
  }
}

extension TemporaryFolder {
  package func text(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: url.appending(path: name)), as: UTF8.self)
  }

  package func holds(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }
}
