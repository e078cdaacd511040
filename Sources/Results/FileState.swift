import Foundation
import Traces

/// What tells whether a file is still the same: which one it is, its size and when it was changed.
struct FileState: Equatable, Sendable {
  let device: UInt64
  let number: UInt64
  let size: Int64
  /// Neither a folder nor a pipe nor a device.
  let isOrdinary: Bool
  private let changed: [Int]

  /// Nil where there is no such file.
  init?(_ path: String) {
    var found = stat()
    guard stat(path, &found) == 0 else { return nil }
    (device, number, size) = (UInt64(found.st_dev), UInt64(found.st_ino), Int64(found.st_size))
    isOrdinary = found.st_mode & S_IFMT == S_IFREG
    #if canImport(Darwin)
      let times = [found.st_mtimespec, found.st_ctimespec]
    #else
      let times = [found.st_mtim, found.st_ctim]
    #endif
    changed = times.flatMap { [Int($0.tv_sec), Int($0.tv_nsec)] }
  }
}

/// A database and its log as they were when reading began without locks.
struct UnlockedReading: Sendable {
  private let place: DatabasePath
  private let states: [FileState?]

  init(_ place: DatabasePath) {
    self.place = place
    states = Self.states(place)
  }

  private static func states(_ place: DatabasePath) -> [FileState?] {
    [FileState(place.path), FileState(place.log).flatMap { $0.size > 0 ? $0 : nil }]
  }

  /// - Throws: ``ResultsError`` where somebody wrote meanwhile: what was read may be of two states.
  func check() throws {
    if Self.states(place) == states { return }
    throw ResultsError(
      .busy, file: place.file,
      expected: "a database that nobody writes to, since it is read where no lock can be had",
      found: "one that changed meanwhile", advice: "run the command again when the writer has ended")
  }
}

/// A database's file and log in a folder of their own, which goes with this value.
final class DatabaseCopy: Sendable {
  private let folder: ScratchFolder
  let path: String

  /// - Throws: ``ResultsError`` where there is no room, or somebody writes meanwhile.
  init(of place: DatabasePath) throws {
    let files = FileManager.default
    let reading = UnlockedReading(place)
    do {
      folder = try ScratchFolder(holding: ScratchFolder.database("copy.db"))
      path = folder.path("copy.db")
      for (source, target) in [(place.path, path), (place.log, path + "-wal")]
      where FileState(source) != nil {
        try files.copyItem(atPath: source, toPath: target)
        try files.setAttributes([.posixPermissions: 0o600], ofItemAtPath: target)
      }
    } catch {
      throw ResultsError(
        .cannotOpen, file: place.file,
        expected: "to read a copy, since its log cannot be read where nothing may be written",
        found: error.localizedDescription, advice: "copy it and its -wal to a folder that may be written")
    }
    try reading.check()
  }
}
