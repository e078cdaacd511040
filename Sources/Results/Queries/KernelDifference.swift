import Attention
import GRDB

/// Measured kernel times of two configurations, each against dense attention timed beside it.
public struct KernelDifference: Sendable, Equatable, Encodable {
  /// Speed-up over dense attention: as in `kernel_speedups`, the geometric mean over traces. Nil where
  /// the sides cannot be compared.
  public private(set) var a: Double?
  public private(set) var b: Double?
  /// B's speed-up over A's.
  public private(set) var ratio: Double?
  /// 2.5th and 97.5th percentile of the ratio over resamples of the samples; the traces are as they are.
  public private(set) var low: Double?
  public private(set) var high: Double?
  /// Whether one run timed both on each trace, so that samples are paired. Two runs of one machine are resampled apart.
  public private(set) var isPaired = false
  /// Processor, instruction set and threads.
  public private(set) var machine: String?
  /// Why there is no comparison, or what to know of it.
  public private(set) var note: String?

  public static let resamples = 2_000

  init(_ pairs: [ComparedPair], runs: (a: Int64?, b: Int64?), _ db: Database) throws {
    var timed: [TimedPair] = []
    for pair in pairs {
      switch try TimedPair.of(pair, runs: runs, db) {
      case .success(let found): timed.append(found)
      case .failure(let reason):
        note = reason.text
        return
      }
    }
    let machines = Set(timed.flatMap(\.machines))
    guard machines.count == 1 else {
      note =
        "timed on different machines, which are not compared: \(machines.sorted().joined(separator: "; "))"
      return
    }
    machine = machines.first
    isPaired = timed.allSatisfy(\.isPaired)
    if !isPaired { note = "timed in different runs of one machine, so that samples are not paired" }
    let (left, right) = (timed.map(\.a.speedup).geometricMean, timed.map(\.b.speedup).geometricMean)
    (a, b, ratio) = (left, right, right / left)
    var generator = SplitMix64(seed: 1)
    let drawn = (0..<Self.resamples).map { _ in
      timed.map { $0.resampledRatio(&generator) }.geometricMean
    }.sorted()
    low = drawn[Int(0.025 * Double(drawn.count - 1))]
    high = drawn[Int((0.975 * Double(drawn.count - 1)).rounded(.up))]
  }
}
