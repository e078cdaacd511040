import Foundation
import GRDB
import Synchronization

/// A database that is written in a folder of its own, and appears under its name when it is asked to.
///
///     let scratch = try ScratchDatabase(for: "shards/2.db", in: "/tmp")
///     defer { scratch.remove() }
///     try scratch.fetch()
///     let store = try ResultsStore(path: scratch.file)
///     …
///     try scratch.publish()
///
/// SQLite's log is not for the file systems that machines share: there the database is one file, copied under a temporary
/// name, synced and renamed. One that is there already is gone on from, and stays as it was until then.
public final class ScratchDatabase: Sendable {
  /// Where it is to appear, as the caller gave it.
  public let target: String
  /// Where it is written.
  public let file: String
  private let place: DatabasePath
  private let folder: URL
  private let state = Mutex(State())

  private struct State {
    /// The target when it was copied, or when this one took its place; nil where there was none.
    var before: FileState?
    var isPublished = false
    var isRemoved = false
  }

  /// - Parameter scratch: folder in which a folder is made; nil for the system's own for temporary files.
  /// - Throws: ``ResultsError`` where the target cannot be a database's name, or there is no room for the folder.
  public init(for target: String, in scratch: String? = nil) throws {
    self.target = target
    place = try DatabasePath(target)
    try ResultsStore.checkPlace(place, access: .readWrite)
    let base = scratch.map { URL(filePath: $0) } ?? FileManager.default.temporaryDirectory
    folder = base.appending(path: "fasa-sim-\(UUID().uuidString)")
    file = folder.appending(path: "sweep.db").path(percentEncoded: false)
    do {
      try FileManager.default.createDirectory(
        at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw ResultsError(
        .cannotOpen, file: base.path(percentEncoded: false),
        expected: "a folder in which to write the database before it is moved into place",
        found: error.localizedDescription, advice: "name one that may be written, or make room there")
    }
  }

  /// Copies what is in the target's place already.
  ///
  /// - Throws: ``ResultsError`` where another process writes to it, or there is no room.
  public func fetch() throws {
    try state.withLock { state in
      try Self.emptyLog(place)
      state.before = FileState(place.path)
      if state.before != nil { try DurableCopy(from: place.path, to: file).make() }
    }
  }

  deinit { remove() }

  /// Moves what is whole by now into place. Other connections may be writing. What was moved there before it was removed
  /// stays, as where a signal comes after the end.
  ///
  /// - Parameter isHeld: asked where another has taken the target's place meanwhile: whether that holds all of this one.
  /// - Throws: ``ResultsError``: what was in the target's place is then there as before.
  public func publish(unless isHeld: (ResultsStore) throws -> Bool = { _ in false }) throws {
    try state.withLock { state in
      if state.isRemoved, state.isPublished { return }
      state.isPublished = false
      let whole = folder.appending(path: "whole.db").path(percentEncoded: false)
      try? FileManager.default.removeItem(atPath: whole)
      try ResultsError.translating(file: file) { try Self.snapshot(of: file, to: whole) }
      let copy = DurableCopy(from: whole, to: place.path)
      let partial = try copy.prepare()
      do {
        let isAsBefore = FileState(place.path) == state.before && (FileState(place.log)?.size ?? 0) == 0
        // A log of before would be taken for this file's.
        if isAsBefore { for beside in [place.log, place.index] { unlink(beside) } }
        guard try isAsBefore && copy.take(partial, mayReplace: state.before != nil) else {
          let isThere = FileState(place.path) != nil
          if isThere, try isHeld(ResultsStore(path: target, access: .readOnly)) {
            unlink(partial)
            state.isPublished = true
            return
          }
          throw ResultsError(
            .replaced, file: target, expected: "what was there when this command began",
            found: isThere ? "another's results" : "nothing",
            advice: "run the command again, and give no two that run together one database")
        }
        (state.before, state.isPublished) = (FileState(place.path), true)
      } catch {
        unlink(partial)
        throw error
      }
    }
  }

  /// Removes the folder; what was not published is gone.
  public func remove() {
    state.withLock { state in
      state.isRemoved = true
      try? FileManager.default.removeItem(at: folder)
    }
  }

  /// One file, without a log.
  private static func snapshot(of file: String, to whole: String) throws {
    var configuration = Configuration()
    configuration.busyMode = .timeout(60)
    let source = try DatabaseQueue(path: file, configuration: configuration)
    let copy = try DatabaseQueue(path: whole)
    try source.backup(to: copy)
    try copy.close()
    try source.close()
    let alone = try DatabaseQueue(path: whole)
    try alone.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
    try alone.close()
  }

  /// What a log holds that is not in the file yet goes into it, and the log away.
  private static func emptyLog(_ place: DatabasePath) throws {
    guard (FileState(place.log)?.size ?? 0) > 0 else { return }
    try ResultsError.translating(file: place.file) {
      let database = try DatabaseQueue(path: place.path)
      try ResultsStore.checkOwner(database, file: place.file)
      try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
      try database.close()
    }
  }
}
