import Kernels

/// Clusters of keys, some attended to exactly and some estimated (Chen et al., 2025).
///
/// The prompt's keys are clustered. Clusters are ranked by the query's score with their centroid: the best are read, up to k tokens with the
/// first and last ones; the next are estimated, as if each of their keys were the centroid, from their values' sum.
public struct RetroInfer: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "retroinfer",
    summary: "Reads the clusters of best centroid and estimates the next from centroid and summed values.",
    paper: "https://arxiv.org/abs/2505.02922", kind: .selection,
    parameters: [
      ParameterDescriptor(
        "cluster", .integer(1...4096), default: .integer(16), help: "tokens of a cluster on average"),
      ParameterDescriptor(
        "estimated", .number(0...1), default: .number(0.232), help: "share of the clusters that is estimated"),
      ParameterDescriptor("rounds", .integer(0...100), default: .integer(10), help: "rounds of k-means"),
      ParameterDescriptor.sinks.defaulting(to: .integer(4)),
      ParameterDescriptor.recent.defaulting(to: .integer(64)),
    ], common: [.denseLayers],
    cost: "d a cluster, dv an estimated cluster",
    notes: """
      The authors read .018 of the clusters; here k decides, sinks and last tokens included, and what exceeds it is cut from the last cluster, later tokens first. The last tokens \
      are at least all that decoding added. k-means is over the whole prompt, by distance, and begins at keys evenly apart; the authors cluster segments of 8K by cosine. Centroids and sums lie on the device, keys and values on the \
      host.
      """)

  private let cluster: Int
  private let estimated: Double
  private let rounds: Int
  private let guarded: Guard
  private let group: GroupContext

  public init(parameters: ParameterValues, group: GroupContext) {
    cluster = parameters.integer("cluster")
    estimated = parameters.number("estimated")
    rounds = parameters.integer("rounds")
    guarded = parameters.guarded
    self.group = group
  }

  public var cacheTier: MemoryTier { .host }

  public func choose(_ block: QueryBlock) -> Selections? {
    let tables = block.shared.tables
    let zone = guarded.sinks..<max(guarded.sinks, min(group.promptTokens, tables.tokens) - guarded.recent)
    let clusters = tables.cached("clusters \(zone) \(cluster) \(rounds)") {
      KeyClusters(tables, tokens: zone, size: cluster, rounds: rounds)
    }
    var result = Selections()
    var corrections: [OutputCorrection] = []
    let ranked = Int((estimated * Double(clusters.members.count)).rounded())
    for row in 0..<block.shared.rows {
      let step = block.steps[row % block.steps.count]
      let k = block.budgets[row % block.steps.count]
      let held = Guard(sinks: guarded.sinks, recent: step.visible.upperBound - zone.upperBound)
      let (sinks, middle, recent) = held.split(step.visible, budget: k)
      let scores = clusters.scores(block.shared.query(row))
      let order = scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }
      var left = k - sinks.count - recent.count
      var chosen: [Int32] = []
      var next = 0
      while left > 0, next < order.count {
        let some = clusters.members[order[next]].filter { middle.contains(Int($0)) }.prefix(left)
        chosen += some
        left -= some.count
        next += 1
      }
      result.appendRow((sinks.map(Int32.init) + chosen + recent.map(Int32.init)).sorted())
      var correction = OutputCorrection()
      correction.terms = order.dropFirst(next).prefix(ranked).compactMap {
        clusters.term($0, logit: scores[$0] * group.scale, within: step.visible)
      }
      corrections.append(correction)
    }
    result.corrections = corrections
    charge(block, clusters: clusters.members.count, estimated: ranked)
    return result
  }

  private func charge(_ block: QueryBlock, clusters: Int, estimated: Int) {
    let centroids = block.steps.count * clusters * group.keyRowBytes
    let sums = block.steps.count * min(estimated, clusters) * group.valueRowBytes
    let heads = group.groupSize
    block.charge(.init(.metadata, .stream), readPerHead: centroids * heads, readGroupUnion: centroids)
    // Heads rank clusters apart; that they share sums is not assumed.
    block.charge(
      .init(.metadata, .gather(rowBytes: group.valueRowBytes)), readPerHead: sums * heads,
      readGroupUnion: sums * heads)
    let scores = block.steps.count * clusters * 4 * heads
    block.charge(.init(.scores, .stream), readPerHead: scores, readGroupUnion: scores, written: scores)
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    let clusters = max(1, min(group.promptTokens, tokens) - guarded.sinks - guarded.recent) / cluster
    return (clusters * (group.keyRowBytes + group.valueRowBytes + 4), 0)
  }
}

/// A prompt's tokens in clusters of like keys.
struct KeyClusters {
  /// Tokens of each cluster that has any, ascending.
  private(set) var members: [[Int32]] = []
  private var centroids: [[Float]] = []
  private var valueSums: [[Float]] = []

  init(_ tables: GroupTables, tokens: Range<Int>, size: Int, rounds: Int) {
    guard !tokens.isEmpty else { return }
    let d = tables.channels
    let rows = tables.keyRows.pointer + tokens.lowerBound * d
    let means = KMeans(
      rows, rowCount: tokens.count, width: d, centroids: max(1, tokens.count / size), rounds: rounds,
      kernels: tables.kernels)
    let owner = means.nearest(KMeans.Points(rows, rowCount: tokens.count, width: d, kernels: tables.kernels))
    var all = Array(repeating: [Int32](), count: means.count)
    for (index, cluster) in owner.enumerated() { all[Int(cluster)].append(Int32(tokens.lowerBound + index)) }
    for (index, tokens) in all.enumerated() where !tokens.isEmpty {
      members.append(tokens)
      centroids.append((0..<d).map { means.centroids[index * d + $0] })
      valueSums.append(tables.valueSum(tokens))
    }
  }

  func scores(_ query: UnsafePointer<Float>) -> [Float] {
    centroids.map { centroid in
      centroid.withUnsafeBufferPointer { centroid in
        var sum: Float = 0
        for c in centroid.indices { sum += centroid[c] * query[c] }
        return sum
      }
    }
  }

  /// What stands for a cluster; nil where a sliding window has left part of it behind, whose sum is not known.
  func term(_ cluster: Int, logit: Float, within visible: Range<Int>) -> OutputCorrection.Term? {
    guard let first = members[cluster].first, Int(first) >= visible.lowerBound else { return nil }
    return OutputCorrection.Term(
      logit: logit, count: Float(members[cluster].count), valueSum: valueSums[cluster])
  }
}

extension GroupTables {
  /// Sum of some tokens' values, `[paddedChannels]`; empty where the group has none.
  func valueSum(_ tokens: [Int32]) -> [Float] {
    guard let (rows, width) = valueRows else { return [] }
    var sum = Array(repeating: Float(0), count: width)
    for token in tokens { for c in 0..<width { sum[c] += rows[Int(token) * width + c] } }
    return sum
  }
}
