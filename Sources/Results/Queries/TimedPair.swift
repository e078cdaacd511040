import Attention
import GRDB

/// Kernel samples of two configurations on one trace.
///
/// A sample is one decode step of one KV group, timed under the policy and under dense attention by turns. Where one run
/// timed both configurations, samples of the same layer, KV head and repeat are paired.
struct TimedPair {
  let a: Samples
  let b: Samples
  let isPaired: Bool
  let machines: Set<String>

  /// Why there are no samples to compare.
  struct Untimed: Error {
    let text: String
  }

  static func of(_ pair: ComparedPair, runs: (a: Int64?, b: Int64?), _ db: Database) throws
    -> Result<TimedPair, Untimed>
  {
    let (left, right) = (try Self.runs(of: pair.a.id, runs.a, db), try Self.runs(of: pair.b.id, runs.b, db))
    // The last run that timed both, else the last of each.
    let common = left.last { right.contains($0) }
    guard let ofA = common ?? left.last, let ofB = common ?? right.last else {
      let missing = left.isEmpty ? pair.a : pair.b
      return .failure(Untimed(text: "no times of \(missing.label) on '\(missing.title)'"))
    }
    var (mine, others) = (try samples(pair.a.id, ofA, db), try samples(pair.b.id, ofB, db))
    if ofA == ofB {
      let keys = Set(mine.keys).intersection(others.keys)
      mine = mine.filter { keys.contains($0.key) }
      others = others.filter { keys.contains($0.key) }
    }
    guard !mine.isEmpty, !others.isEmpty else {
      return .failure(Untimed(text: "no samples of both sides on '\(pair.a.title)'"))
    }
    let machines = try String.fetchSet(
      db,
      sql:
        "SELECT host_cpu || ', ' || instruction_set || ', ' || kernel_threads || iif(kernel_threads = 1, ' thread', ' threads') FROM runs WHERE id IN (?, ?)",
      arguments: [ofA, ofB])
    return .success(
      TimedPair(a: Samples(mine), b: Samples(others), isPaired: ofA == ofB, machines: machines))
  }

  private static func runs(of configuration: Int64, _ only: Int64?, _ db: Database) throws -> [Int64] {
    try Int64.fetchAll(
      db,
      sql:
        "SELECT DISTINCT run FROM kernel_samples WHERE configuration = ?1 AND (?2 IS NULL OR run = ?2) ORDER BY run",
      arguments: [configuration, only])
  }

  private static func samples(_ configuration: Int64, _ run: Int64, _ db: Database) throws
    -> [[Int]: Times]
  {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT layer, kv_head, repeat, sum(CASE WHEN stage = 'dense' THEN duration_ns END) AS dense,
          sum(CASE WHEN stage <> 'dense' THEN duration_ns END) AS policy
        FROM kernel_samples WHERE configuration = ? AND run = ? GROUP BY layer, kv_head, repeat
        HAVING dense > 0 AND policy > 0
        """, arguments: [configuration, run])
    var result: [[Int]: Times] = [:]
    for row in rows {
      let key: [Int] = try [row.value("layer"), row.value("kv_head"), row.value("repeat")]
      result[key] = try Times(dense: row.value("dense"), policy: row.value("policy"))
    }
    return result
  }

  /// Nanoseconds of one sample.
  struct Times {
    let dense: Double
    let policy: Double
  }

  /// B's speed-up over A's on samples drawn anew, with replacement, as many of each KV group as there are.
  func resampledRatio(_ generator: inout SplitMix64) -> Double {
    func draw(_ samples: Samples) -> [[Int]] {
      samples.groups.map { group in
        group.dense.indices.map { _ in Int(generator.next() % UInt64(group.dense.count)) }
      }
    }
    let first = draw(a)
    return b.speedup(of: isPaired ? first : draw(b)) / a.speedup(of: first)
  }

  /// Of one side, by layer and KV head, in the order of repeats.
  struct Samples {
    let groups: [(dense: [Double], policy: [Double])]

    init(_ samples: [[Int]: Times]) {
      let ordered = samples.sorted { $0.key.lexicographicallyPrecedes($1.key) }
      groups = Dictionary(grouping: ordered) { $0.key.dropLast() }
        .sorted { $0.key.lexicographicallyPrecedes($1.key) }
        .map { ($0.value.map(\.value.dense), $0.value.map(\.value.policy)) }
    }

    var speedup: Double { speedup(of: groups.map { Array($0.dense.indices) }) }

    /// The sum over KV groups of dense attention's median over the same of the policy's: heads that a policy treats unlike
    /// others weigh by the time that they take.
    func speedup(of indices: [[Int]]) -> Double {
      let sums = zip(groups, indices).reduce(into: (dense: 0.0, policy: 0.0)) { sums, entry in
        let (group, chosen) = entry
        sums.dense += Quantile.median(sorted: chosen.map { group.dense[$0] }.sorted())
        sums.policy += Quantile.median(sorted: chosen.map { group.policy[$0] }.sorted())
      }
      return sums.dense / sums.policy
    }
  }
}
