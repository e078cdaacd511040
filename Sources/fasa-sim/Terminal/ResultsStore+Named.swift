import Foundation
import Pricing
import Results

extension ResultsStore {
  /// The database that `--db` names. On a terminal a wait for another process's lock is told.
  init(named file: String, access: Access = .readWrite) throws {
    let isTold = isatty(STDERR_FILENO) == 1
    try self.init(path: file, access: access) { if isTold { Output.note($0, clearsLine: true) } }
  }

  /// A database to look into; nil where there is none, which holds nothing and is not made, or one that must be brought up to
  /// date first.
  static func thatIsThere(_ file: String) throws -> ResultsStore? {
    do { return try ResultsStore(named: file, access: .readOnly) } catch let error as ResultsError
      where [.fileMissing, .folderMissing, .olderVersion].contains(error.kind)
    { return nil }
  }
}
