import Traces

/// A table as text, to be written under a name that says how: compressed by zstd where it ends in `.zst`.
package struct TableText {
  /// Tables are written once and read often.
  private static let level: Int32 = 19

  private let text: String

  package init(_ text: String) { self.text = text }

  /// Writes the file, which appears when it is complete, in place of one that is there.
  ///
  /// - Throws: `TraceError` where it cannot be written.
  package func write(to path: String) throws { try write(to: OutputFile(path: path)) }

  /// The same into a file that was opened before the text was made.
  package func write(to file: OutputFile) throws {
    if file.path.hasSuffix(".zst") {
      try file.write(ZstdFrame.compressed(Array(text.utf8), level: Self.level, place: file.path))
    } else {
      try file.write(text)
    }
    try file.publish()
  }
}
