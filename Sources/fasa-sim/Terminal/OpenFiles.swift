import Attention
import Foundation

/// How many files this process may open.
enum OpenFiles {
  /// What a command of one trace and one database opens, with room: its log, and the system's own for threads and signals,
  /// without which libdispatch ends the process.
  private static let needed: rlim_t = 48
  /// Sweeps of many traces hold them all open, and known databases too.
  private static let wanted: rlim_t = 65_536

  /// Takes what may be had where less is set.
  ///
  /// - Throws: ``TooFew`` where it may not.
  static func ensure() throws {
    #if canImport(Glibc)
      let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
      let resource = RLIMIT_NOFILE
    #endif
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0, limit.rlim_cur < wanted else { return }
    let before = limit.rlim_cur
    limit.rlim_cur = min(wanted, limit.rlim_max)
    let allowed = setrlimit(resource, &limit) == 0 ? limit.rlim_cur : before
    guard allowed >= needed else { throw TooFew(allowed: Int(allowed)) }
  }

  struct TooFew: ExplainedError {
    let allowed: Int

    let place = "open files"
    var expected: String { "a limit of \(needed) or more" }
    var found: String { "\(allowed)" }
    let advice: String? = "raise it: ulimit -n \(needed)"
  }
}
