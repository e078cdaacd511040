import Foundation

/// Memory that reading traces may ask for. It is held against what a header asks before any is asked for: a system that
/// has none left may end the process rather than refuse.
public enum MemoryBudget {
  /// For everything that one walk over a trace holds: three quarters of this machine's memory, in bytes.
  public static let bytes = physical / 4 * 3

  /// Of this machine or, where that is less, of the container that the process runs in.
  static let physical: Int = {
    let (pages, page) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
    let (machine, overflow) = pages.multipliedReportingOverflow(by: page)
    return min(overflow || machine <= 0 ? Int.max : machine, container ?? Int.max)
  }()

  /// The limit of the process's control group; none where it is not in one, or its file says "max".
  private static var container: Int? {
    let text = try? String(contentsOfFile: "/sys/fs/cgroup/memory.max", encoding: .utf8)
    guard let limit = text.flatMap({ Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }) else {
      return nil
    }
    return limit > 0 ? limit : nil
  }
}
