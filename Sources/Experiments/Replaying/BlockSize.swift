import Synchronization

/// How many configurations are computed, then stored, together: what an interruption loses at most.
///
/// Every block reads and scores the trace anew, which costs as much as 3 to 10 configurations. So a block has at least
/// ``fewest``, and as many more as are expected to take ``seconds``, by what the block before took: short traces are
/// done in two, and a long one loses little.
package final class BlockSize: Sendable {
  static let fewest = 16
  static let seconds = 10.0

  /// What reading and scoring a trace costs, in configurations.
  private static let reading = 6.0

  /// Seconds per unit of a configuration's work; nil before anything was computed.
  private let pace = Mutex<Double?>(nil)

  /// The same for every block; nil where it follows the pace.
  private let fixed: Int?

  package init() { fixed = nil }

  /// - Parameter fixed: configurations of every block, whatever they take.
  init(fixed: Int) { self.fixed = fixed }

  /// - Parameter weight: work of one configuration.
  func count(weight: Int) -> Int {
    if let fixed { return fixed }
    guard let pace = pace.withLock(\.self) else { return Self.fewest }
    let expected = Self.seconds / max(pace * Double(max(weight, 1)), .leastNormalMagnitude) - Self.reading
    return max(Self.fewest, Int(min(expected, 1e9)))
  }

  func took(_ seconds: Double, configurations: Int, weight: Int) {
    let work = (Double(configurations) + Self.reading) * Double(max(weight, 1))
    pace.withLock { $0 = seconds / work }
  }
}
