import Kernels

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
  ///
  /// - Parameter read: tokens attended to exactly whatever their cluster, which count once.
  func term(
    _ cluster: Int, logit: Float, within visible: Range<Int>, read: Range<Int>, _ tables: GroupTables
  ) -> OutputCorrection.Term? {
    guard let first = members[cluster].first, Int(first) >= visible.lowerBound else { return nil }
    let known = members[cluster].filter { read.contains(Int($0)) }
    guard known.count < members[cluster].count else { return nil }
    let sum = known.isEmpty ? valueSums[cluster] : zip(valueSums[cluster], tables.valueSum(known)).map(-)
    return OutputCorrection.Term(
      logit: logit, count: Float(members[cluster].count - known.count), valueSum: sum)
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
