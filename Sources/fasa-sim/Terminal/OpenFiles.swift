import Attention
import Foundation

/// How many files this process may open.
enum OpenFiles {
  /// What a command opens at most, with room: the database with its log, the trace, and the system's own for threads and
  /// signals, without which libdispatch ends the process.
  private static let needed: rlim_t = 48

  /// Takes what is needed where less is set and more may be had.
  ///
  /// - Throws: ``TooFew`` where it may not.
  static func ensure() throws {
    #if canImport(Glibc)
      let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
      let resource = RLIMIT_NOFILE
    #endif
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0, limit.rlim_cur < needed else { return }
    let before = limit.rlim_cur
    limit.rlim_cur = min(needed, limit.rlim_max)
    guard limit.rlim_cur == needed, setrlimit(resource, &limit) == 0 else {
      throw TooFew(allowed: Int(before))
    }
  }

  struct TooFew: ExplainedError {
    let allowed: Int

    let place = "open files"
    var expected: String { "a limit of \(needed) or more" }
    var found: String { "\(allowed)" }
    let advice: String? = "raise it: ulimit -n \(needed)"
  }
}
