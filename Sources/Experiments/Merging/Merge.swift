import Foundation
import Results

/// Databases of results into one.
package struct Merge {
  let target: String
  /// In the order in which they are merged, each once.
  let inputs: [String]
  let keepsGoing: Bool

  /// - Parameters:
  ///   - inputs: databases, or folders that stand for the databases in them.
  ///   - keepsGoing: whether a database that cannot be merged is left out, and told.
  /// - Throws: `ResultsError` where there is none, a folder holds none, or the target is among them.
  package init(_ inputs: [String], into target: String, keepsGoing: Bool) throws {
    self.target = target
    self.keepsGoing = keepsGoing
    var known = Set([Self.resolved(target)])
    self.inputs = try inputs.flatMap { input in
      if let members = try Self.databases(in: input) {
        // The target may lie among them.
        return members.filter { known.insert(Self.resolved($0)).inserted }
      }
      guard Self.resolved(input) != Self.resolved(target) else {
        throw ResultsError(
          .name, file: input, expected: "databases to merge into \(target)", found: "that one itself",
          advice: "leave it out")
      }
      return known.insert(Self.resolved(input)).inserted ? [input] : []
    }
  }

  private static func resolved(_ path: String) -> String {
    URL(fileURLWithPath: path).resolvingSymlinksInPath().path
  }

  /// Nil where the name is no folder's.
  private static func databases(in folder: String) throws -> [String]? {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
      return nil
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".db") }
    guard !names.isEmpty else {
      throw ResultsError(
        .fileMissing, file: folder, expected: "databases called *.db", found: "none in this folder",
        advice: "check the path, or name files")
    }
    return names.sorted().map { folder.hasSuffix("/") ? folder + $0 : "\(folder)/\($0)" }
  }

  /// Merges one after the other, each in a transaction of its own.
  ///
  /// - Parameters:
  ///   - opening: makes the target, after all inputs were looked at, so that a wrong name makes no database.
  ///   - leftOut: told at once of an input that is left out.
  ///   - progress: called with inputs done and inputs in all.
  /// - Throws: the first `ResultsError` of an input, where it does not keep going, or of the target.
  package func run(
    opening: () throws -> ResultsStore, leftOut: (MergeReport.LeftOut) -> Void = { _ in },
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws -> MergeReport {
    let started = Date()
    var left: [MergeReport.LeftOut] = []
    /// Nil where the input is left out.
    func trying<Value>(_ input: String, _ body: () throws -> Value) throws -> Value? {
      do { return try body() } catch let error as ResultsError where keepsGoing && error.file == input {
        let found = MergeReport.LeftOut(file: input, reason: "\(error)")
        left.append(found)
        leftOut(found)
        return nil
      }
    }
    let sound = try inputs.filter { input in
      try trying(input) { try ResultsStore.checkMergeable(input) } != nil
    }
    let store = try opening()
    var (added, known) = (0, 0)
    for (place, input) in sound.enumerated() {
      progress(place, sound.count)
      guard let part = try trying(input, { try store.merge(input) }) else { continue }
      added += part.added
      known += part.configurations - part.added
    }
    progress(sound.count, sound.count)
    return MergeReport(
      database: target, inputs: inputs.count, configurations: try store.configurationCount(), added: added,
      alreadyThere: known, leftOut: left, seconds: Date().timeIntervalSince(started))
  }
}
