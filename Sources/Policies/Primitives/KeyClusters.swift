import Attention
import Kernels

/// A prompt's tokens in clusters of like keys.
struct KeyClusters {
  /// Tokens of each cluster that has any, ascending.
  private(set) var members: [[Int32]] = []
  private var centroids: [[Float]] = []
  private var valueSums: [[Float]] = []

  /// Of this file alone: to read keys.
  struct Leave { fileprivate init() {} }

  init(_ tables: GroupTables, tokens: Range<Int>, size: Int, rounds: Int) {
    guard !tokens.isEmpty else { return }
    let d = tables.channels
    let rows = tables.keys(for: .clusters(Leave()))[tokens.lowerBound]
    let means = KMeans(
      rows, rowCount: tokens.count, width: d, centroids: max(1, tokens.count / size), rounds: rounds,
      kernels: tables.kernels)
    let owner = means.nearest(KMeans.Points(rows, rowCount: tokens.count, width: d, kernels: tables.kernels))
    var all = Array(repeating: [Int32](), count: means.count)
    for (index, cluster) in owner.enumerated() { all[Int(cluster)].append(Int32(tokens.lowerBound + index)) }
    for (index, tokens) in all.enumerated() where !tokens.isEmpty {
      members.append(tokens)
      centroids.append((0..<d).map { means.centroids[index * d + $0] })
      valueSums.append(tables.values?.sum(tokens) ?? [])
    }
  }

  fileprivate func scores(_ query: UnsafePointer<Float>) -> [Float] {
    centroids.map { centroid in
      centroid.withUnsafeBufferPointer { centroid in
        var sum: Float = 0
        for c in centroid.indices { sum += centroid[c] * query[c] }
        return sum
      }
    }
  }

  /// What stands for a cluster; nil where a sliding window has left part of it behind, whose sum is not known.
  ///
  /// - Parameter read: tokens attended to exactly whatever their cluster, which count once.
  fileprivate func term(
    _ cluster: Int, logit: Float, within visible: Range<Int>, read: Range<Int>, _ values: ValueRows?
  ) -> OutputCorrection.Term? {
    guard let first = members[cluster].first, Int(first) >= visible.lowerBound else { return nil }
    let known = members[cluster].filter { read.contains(Int($0)) }
    guard known.count < members[cluster].count else { return nil }
    let sum = known.isEmpty ? valueSums[cluster] : zip(valueSums[cluster], values?.sum(known) ?? []).map(-)
    return OutputCorrection.Term(
      logit: logit, count: Float(members[cluster].count - known.count), valueSum: sum)
  }
}

/// Clusters that a row takes for what their centroid and values' sum say.
struct EstimatedClusters {
  let clusters: [Int]
  /// Of each of them.
  let logits: [Float]
  /// Tokens attended to exactly whatever their cluster, which count once.
  let read: Range<Int>
}

extension QueryBlock {
  /// Scores of every cluster by its centroid, `[row][cluster]`: one vector per cluster, read once for the group.
  func scores(_ clusters: KeyClusters) -> [[Float]] {
    let count = steps.count * clusters.members.count
    charge(
      DecodeOperation(.score, .vectors, .metadata, rowBytes: group.keyRowBytes, bits: group.elementBits),
      readPerHead: count * group.keyRowBytes * group.groupSize, readGroupUnion: count * group.keyRowBytes)
    chargeScores(count * group.groupSize, writtenBy: .vectors, readBy: .select)
    return (0..<rows).map { clusters.scores(query($0)) }
  }

  /// What stands for the clusters that each row estimates.
  ///
  /// - Parameters:
  ///   - most: clusters that a row estimates at most, whose values' sums a decoder reads.
  ///   - isShared: whether the heads of the group read one set of sums.
  func terms(_ clusters: KeyClusters, _ estimated: [EstimatedClusters], most: Int, isShared: Bool)
    -> [[OutputCorrection.Term]]
  {
    let bytes = steps.count * min(most, clusters.members.count) * group.valueRowBytes
    charge(
      DecodeOperation(
        .attend, .gather, .metadata, rowBytes: group.valueRowBytes, bits: group.elementBits,
        pattern: .gather(rowBytes: group.valueRowBytes)),
      readPerHead: bytes * group.groupSize, readGroupUnion: isShared ? bytes : bytes * group.groupSize)
    return estimated.enumerated().map { row, some in
      zip(some.clusters, some.logits).compactMap {
        clusters.term($0, logit: $1, within: visible(row), read: some.read, tables.values)
      }
    }
  }
}
