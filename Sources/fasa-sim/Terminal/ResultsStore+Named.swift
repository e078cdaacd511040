import Foundation
import Pricing
import Results

extension ResultsStore {
  /// The database that `--db` names. On a terminal a wait for another process's lock is told.
  init(named file: String, access: Access = .readWrite) throws {
    let isTold = isatty(STDERR_FILENO) == 1
    try self.init(path: file, access: access) { if isTold { Output.note($0, clearsLine: true) } }
  }
}
