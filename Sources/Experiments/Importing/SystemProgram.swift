import Dispatch
import Foundation

/// A program of the system that is run to its end; no shell stands between.
struct SystemProgram {
  struct Ending {
    let status: Int32
    /// What it wrote to standard error.
    let errors: String
  }

  /// The file in its folder that takes what it says.
  static let log = "errors"

  let path: String

  /// Nil where no folder of `searchPath`, which colons separate, holds a program of that name.
  init?(named name: String, searchPath: String) {
    let candidates = searchPath.split(separator: ":").map { "\($0)/\(name)" }
    let files = FileManager.default
    let found = candidates.first { candidate in
      var isFolder: ObjCBool = false
      return files.fileExists(atPath: candidate, isDirectory: &isFolder) && !isFolder.boolValue
        && files.isExecutableFile(atPath: candidate)
    }
    guard let found else { return nil }
    path = found
  }

  /// Runs it in a folder, with nothing to read and nowhere to print.
  ///
  /// - Throws: where it cannot be started.
  func run(_ arguments: [String], in folder: URL) throws -> Ending {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    // A file takes all that is said; a pipe that nobody empties would stop the program.
    let log = folder.appending(path: Self.log).path(percentEncoded: false)
    _ = FileManager.default.createFile(atPath: log, contents: nil)
    process.standardError = FileHandle(forWritingAtPath: log) ?? FileHandle.nullDevice
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    try process.run()
    ended.wait()
    let errors = FileManager.default.contents(atPath: log).map { String(decoding: $0, as: UTF8.self) }
    return Ending(status: process.terminationStatus, errors: errors ?? "")
  }
}
