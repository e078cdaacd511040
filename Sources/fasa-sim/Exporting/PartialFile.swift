import Foundation
import Simulator

/// A file that appears under its name when it is complete, and not at all otherwise.
final class PartialFile {
  let path: String
  /// Where it is written, beside `path`, with its extension.
  let partial: URL
  private var handle: FileHandle?
  private var buffer = Data()

  init(path: String) throws {
    self.path = path
    let url = URL(filePath: path)
    partial = url.deletingLastPathComponent().appending(
      path: ".partial-\(UUID().uuidString)-\(url.lastPathComponent)")
    guard FileManager.default.createFile(atPath: partial.path(percentEncoded: false), contents: nil) else {
      throw ReplayError("\(path): expected to write the file, could not; check the folder and the space left")
    }
    handle = try FileHandle(forWritingTo: partial)
  }

  deinit { try? FileManager.default.removeItem(at: partial) }

  func write(_ text: String) throws {
    buffer += Data(text.utf8)
    if buffer.count > 1 << 20 { try flush() }
  }

  /// What was written is in the file.
  func flush() throws {
    do { try handle?.write(contentsOf: buffer) } catch {
      throw ReplayError(
        "\(path): expected to write the file, found \(error.localizedDescription); free some space")
    }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Gives the file its name; a file that had it before is replaced.
  func publish() throws {
    try flush()
    try handle?.close()
    handle = nil
    guard rename(partial.path(percentEncoded: false), path) == 0 else {
      throw ReplayError(
        "\(path): expected to write the file, found \(String(cString: strerror(errno))); check the folder")
    }
  }
}
