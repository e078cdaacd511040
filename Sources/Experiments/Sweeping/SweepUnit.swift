import Attention
import Results
import Simulator

/// A part of a sweep that one machine replays alone: one trace with at most ``mostConfigurations`` configurations, so that
/// the trace is read and scored once for all of them.
///
/// Its name follows from the trace's bytes and from what is computed alone: the same on every machine, whatever the
/// trace's path, the order of the sweep and the number of machines.
public struct SweepUnit: Sendable {
  public static let mostConfigurations = 32

  /// 16 hexadecimal digits of a SHA-256 over the trace's digest and the configurations' identities.
  public let name: String
  /// As the sweep names it.
  public let trace: String
  /// SHA-256, lower-case hexadecimal.
  public let traceDigest: String
  /// Place of the trace's job in the sweep.
  let job: Int
  /// Of its configurations in the job.
  let places: [Int]

  private static let nameDigits = 16

  static func name(traceDigest: String, identities: [ConfigurationIdentity]) -> String {
    let lines = ["fasa-sim unit 1", "trace \(traceDigest)"] + identities.map(\.digest).sorted()
    let text = lines.map { $0 + "\n" }.joined()
    return String(SHA256Digest.hex(of: text.utf8).prefix(nameDigits))
  }
}

extension ReplayJob {
  /// Places of the configurations, unit by unit.
  ///
  /// Policies that walk the trace alike come together, a policy's budgets stay together where they fit, and nothing hangs on
  /// the order in which they were asked for.
  func unitPlaces() -> [[Int]] {
    func key(_ place: Int) -> (Int, String, String) {
      let configuration = configurations[place]
      return (ReplayBlocks.walk(configuration.policy), configuration.policy.label, configuration.label)
    }
    let keys = configurations.indices.map(key)
    let policies = Dictionary(grouping: configurations.indices) { configurations[$0].policy }.values
      .map { $0.sorted { keys[$0] < keys[$1] } }.sorted { keys[$0[0]] < keys[$1[0]] }
    var units: [[Int]] = []
    for policy in policies {
      if let last = units.last, last.count + policy.count <= SweepUnit.mostConfigurations {
        units[units.count - 1] += policy
        continue
      }
      var rest = policy[...]
      while !rest.isEmpty {
        units.append(Array(rest.prefix(SweepUnit.mostConfigurations)))
        rest = rest.dropFirst(SweepUnit.mostConfigurations)
      }
    }
    return units
  }

  /// - Parameters:
  ///   - name: of the trace, as the sweep has it.
  ///   - job: the job's own place in the sweep.
  func units(trace name: String, digest: String, job: Int) throws -> [SweepUnit] {
    try unitPlaces().map { places in
      SweepUnit(
        name: SweepUnit.name(traceDigest: digest, identities: try places.map { try identity($0, digest) }),
        trace: name, traceDigest: digest, job: job, places: places)
    }
  }
}

/// One of n equal parts of a sweep's units.
public struct SweepShard: Sendable, Equatable {
  /// From 1.
  public let number: Int
  public let count: Int

  /// - Parameter text: such as `2/7`; nil where it is none.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let number = parts[0], let count = parts[1], count >= 1, (1...count) ~= number
    else { return nil }
    (self.number, self.count) = (number, count)
  }

  /// The shard's of all units, which are in the order of their names.
  func units(of all: [SweepUnit]) -> [SweepUnit] {
    all.enumerated().filter { $0.offset % count == number - 1 }.map(\.element)
  }
}
