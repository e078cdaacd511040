import Attention

/// Leave to score clusters, and to know what stands for them: of this file alone, which charges for it.
struct ClusterScoring { fileprivate init() {} }

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
    return (0..<rows).map { clusters.scores(query($0), for: ClusterScoring()) }
  }

  /// Tokens of clusters are found by lists of their numbers: where each cluster's begins is read, and what of them every row
  /// attends to.
  ///
  /// - Parameter chosen: a row for every row of the block, of tokens that lists name.
  func chargeLists(of clusters: KeyClusters, _ chosen: Selections) {
    let sizes = steps.count * clusters.members.count * 4
    charge(.list(.select), readPerHead: sizes * group.groupSize, readGroupUnion: sizes)
    chargeGather(.list(.select), chosen, at: Array(steps.indices))
  }

  /// The cluster of each of some tokens, by numbers of 16 bits that lie side by side, read once for the group.
  func chargeNumbers(of tokens: Int) {
    charge(
      DecodeOperation(.select, .list, .metadata, rowBytes: 2, bits: 16),
      readPerHead: tokens * 2 * group.groupSize, readGroupUnion: tokens * 2)
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
      zip(some.clusters, some.logits).compactMap { cluster, logit in
        clusters.remainder(
          cluster, within: visible(row), isRead: { some.read.contains(Int($0)) }, tables.values,
          for: ClusterScoring()
        ).map { OutputCorrection.Term(logit: logit, count: $0.count, valueSum: $0.valueSum) }
      }
    }
  }

  /// Logits of every cluster at one step, `[head][cluster]`: of its centroid, and of how far its keys lie about that, read once for
  /// the group.
  ///
  /// A mean key scores less than its keys do on average, exponentials being convex.
  ///
  /// - Parameter spread: the share of the spread that counts; 0 for the centroid's own score.
  func logits(_ clusters: KeyClusters, step: Int, spread: Float) -> [[Float]] {
    let bytes = clusters.members.count * (group.keyRowBytes + (spread > 0 ? 4 : 0))
    charge(
      DecodeOperation(.score, .vectors, .metadata, rowBytes: group.keyRowBytes, bits: group.elementBits),
      readPerHead: bytes * group.groupSize, readGroupUnion: bytes)
    return (0..<group.groupSize).map { head in
      let row = row(head: head, step: step)
      let own = logits(of: clusters.scores(query(row), for: ClusterScoring()))
      let factor = spread * spreadFactor(row)
      return own.indices.map { own[$0] + factor * clusters.spreads[$0] }
    }
  }

  /// What stands for some clusters at one step, of every query head: values' sums are read once for the group.
  ///
  /// - Parameter isRead: of tokens that are attended to, whose values are known.
  func terms(
    _ clusters: KeyClusters, _ some: [Int], logits: [[Float]], step: Int,
    isRead: (Int32) -> Bool = { _ in false }
  ) -> [[OutputCorrection.Term]] {
    let bytes = some.count * group.valueRowBytes
    charge(
      DecodeOperation(
        .attend, .gather, .metadata, rowBytes: group.valueRowBytes, bits: group.elementBits,
        pattern: .gather(rowBytes: group.valueRowBytes)),
      readPerHead: bytes * group.groupSize, readGroupUnion: bytes)
    // Heads differ in their logits alone.
    let left = some.compactMap { cluster in
      clusters.remainder(
        cluster, within: steps[step].visible, isRead: isRead, tables.values, for: ClusterScoring()
      ).map { (cluster: cluster, rest: $0) }
    }
    return logits.map { logits in
      left.map {
        OutputCorrection.Term(logit: logits[$0.cluster], count: $0.rest.count, valueSum: $0.rest.valueSum)
      }
    }
  }

  /// Tokens that join clusters change centroids and values' sums.
  func chargeJoining(_ tokens: Int) {
    let bytes = group.keyRowBytes + group.valueRowBytes
    charge(
      DecodeOperation(.upkeep, .accumulate, .metadata, rowBytes: bytes, bits: group.elementBits),
      readPerHead: tokens * bytes, readGroupUnion: tokens * bytes, written: tokens * bytes)
  }
}
