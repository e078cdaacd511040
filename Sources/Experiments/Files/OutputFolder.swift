import Foundation
import Simulator

/// A folder that files are written into.
enum OutputFolder {
  /// Makes it, with the folders that it lies in, where it is not there.
  ///
  /// - Throws: `ReplayError` where it cannot be made.
  static func make(_ path: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw ReplayError(
        path, kind: .unwritable, expected: "a folder that can be made", found: error.localizedDescription,
        advice: "name another place")
    }
  }
}
