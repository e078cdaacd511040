import Kernels
import Policies

/// Head statistics of one KV group on a calibration text.
struct HeadMeasurement {
  let replay: GroupReplay
  /// Numbers are kept to so many parts: finer differences are noise, and files stay small.
  private static let parts: Float = 16_384
  /// What streaming heads keep, as duo-attention's authors have it.
  private static let streaming = (sinks: 128, recent: 256)

  /// Of one KV group; heads are put together by `HeadStatistics.Layer`.
  struct Result: Sendable {
    var keyAxes: AxisMatrix
    var unrotatedKeyAxes: AxisMatrix
    var channelWeights: [Float]
    /// `[query head of the group][channel]`
    var ownChannelWeights: [[Float]]
    /// `[query head of the group]`
    var queryCentres: [[Float]]
    var queryNorms: [[Float]]
    var retrieval: Float
    /// Of each tile of skipped softmax, the logarithm of the factor that skips it.
    var skipThresholds: [Double]
    /// Tiles, those that nothing skips among them.
    var tiles: Int
  }

  func run() -> Result {
    let statistics = GroupStatistics(group: replay.group, tables: replay.prompt.tables)
    var weights = Array(repeating: 0.0, count: replay.group.headDim)
    var own = Array(repeating: weights, count: replay.group.groupSize)
    var queries = Array(repeating: [[Double]](), count: replay.group.groupSize)
    var lost = 0.0
    var thresholds: [Double] = []
    let blockSteps = GroupReplay.blockSteps(replay.group, tokens: replay.keys.tokens)
    for start in stride(from: 0, to: replay.steps.count, by: blockSteps) {
      let block = replay.block(start..<min(start + blockSteps, replay.steps.count))
      for (c, weight) in statistics.channelWeights(block).enumerated() { weights[c] += weight }
      for head in queries.indices {
        queries[head] += statistics.unrotatedQueries(block, head: head)
        for (c, weight) in statistics.ownChannelWeights(block, head: head).enumerated() {
          own[head][c] += weight
        }
      }
      thresholds += SkipCalibration.thresholds(block)
      lost += statistics.farMass(block, sinks: Self.streaming.sinks, recent: Self.streaming.recent)
    }
    let rows = Double(replay.steps.count * replay.group.groupSize)
    let centred = queries.map { statistics.centre($0) }
    return Result(
      keyAxes: statistics.axes(rotated: true),
      unrotatedKeyAxes: statistics.axes(rotated: false),
      channelWeights: weights.map { Self.rounded(Float($0 / rows)) },
      ownChannelWeights: own.map { $0.map { Self.rounded(Float($0 / Double(replay.steps.count))) } },
      queryCentres: centred.map { $0.mean.map { Self.rounded(Float($0)) } },
      queryNorms: centred.map { $0.norms.map { Self.rounded(Float($0)) } },
      retrieval: Self.rounded(Float(lost / rows)), skipThresholds: thresholds,
      // One a step is every head's first.
      tiles: thresholds.count + replay.steps.count)
  }

  private static func rounded(_ value: Float) -> Float { (value * parts).rounded() / parts }
}
