import Attention
import Kernels

/// Tokens in clusters of like keys: a prompt's, and those that join later.
struct KeyClusters: Sendable {
  /// Tokens of each cluster that has any, ascending.
  private(set) var members: [[Int32]] = []
  /// `[cluster][channel]`
  private var centroids: [Float] = []
  private var width = 0
  private var valueSums: [[Float]] = []
  /// Mean squared distance of each cluster's keys from its centroid, over channels.
  private(set) var spreads: [Float] = []

  /// Of this file alone: to read keys.
  struct Leave { fileprivate init() {} }

  init() {}

  /// By what keys are held to be alike.
  enum Likeness: String, Sendable {
    /// k-means and the last assignment by distance.
    case distance
    /// Both by the cosine with a mean key.
    case cosine
    /// k-means by distance, and the last assignment by cosine.
    case mixed
    /// Both by the distance of keys of length one; a centroid is then the mean of the keys as they are.
    case direction
  }

  init(_ tables: GroupTables, tokens: Range<Int>, size: Int, rounds: Int) {
    self.init(tables, tokens: tokens, count: tokens.count / size, rounds: rounds, by: .distance)
  }

  /// - Parameter count: of clusters, at least 1 and at most as many as there are tokens; those left without any are none.
  init(_ tables: GroupTables, tokens: Range<Int>, count: Int, rounds: Int, by likeness: Likeness) {
    guard !tokens.isEmpty else { return }
    let d = tables.channels
    let keys = tables.keys(for: .clusters(Leave()))
    let directions = likeness == .direction ? Self.directions(keys, tokens) : nil
    let rows = directions.map { UnsafePointer($0.pointer) } ?? keys[tokens.lowerBound]
    let means = KMeans(
      rows, rowCount: tokens.count, width: d, centroids: count, rounds: rounds,
      by: likeness == .cosine ? .cosine : .distance, kernels: tables.kernels)
    let owner = means.nearest(
      KMeans.Points(rows, rowCount: tokens.count, width: d, kernels: tables.kernels),
      by: [.cosine, .mixed].contains(likeness) ? .cosine : .distance)
    let numbers = Int32(tokens.lowerBound)..<Int32(tokens.upperBound)
    append(numbers, owners: owner, of: means.count, keys, tables) { index, tokens in
      directions == nil ? (0..<d).map { means.centroids[index * d + $0] } : Self.mean(keys, of: tokens)
    }
  }

  /// Clusters of some tokens, by distance, each about the mean of its own keys.
  init(_ tables: GroupTables, of tokens: [Int32], count: Int, rounds: Int) {
    guard !tokens.isEmpty, count > 0 else { return }
    let d = tables.channels
    let keys = tables.keys(for: .clusters(Leave()))
    let rows = FloatBuffer(count: tokens.count * d)
    for (place, token) in tokens.enumerated() {
      (rows.pointer + place * d).update(from: keys[Int(token)], count: d)
    }
    let means = KMeans(
      rows.pointer, rowCount: tokens.count, width: d, centroids: count, rounds: rounds,
      kernels: tables.kernels)
    let points = KMeans.Points(rows.pointer, rowCount: tokens.count, width: d, kernels: tables.kernels)
    append(tokens, owners: means.nearest(points), of: means.count, keys, tables) { Self.mean(keys, of: $1) }
  }

  /// Tokens by the cluster that owns each; a cluster without any is none.
  ///
  /// - Parameter centroid: of a cluster, by its number and its tokens.
  private mutating func append(
    _ tokens: some Sequence<Int32>, owners: [Int32], of count: Int, _ keys: KeyRows, _ tables: GroupTables,
    centroid: (Int, [Int32]) -> [Float]
  ) {
    var all = Array(repeating: [Int32](), count: count)
    for (token, cluster) in zip(tokens, owners) { all[Int(cluster)].append(token) }
    for (index, tokens) in all.enumerated() where !tokens.isEmpty {
      let centre = centroid(index, tokens)
      members.append(tokens)
      centroids += centre
      width = centre.count
      valueSums.append(tables.values?.sum(tokens) ?? [])
      spreads.append(Self.spread(keys, of: tokens, about: centre))
    }
  }

  /// Keys of length one, `[tokens][channels]`; one of zeros stays.
  private static func directions(_ keys: KeyRows, _ tokens: Range<Int>) -> FloatBuffer {
    let d = keys.width
    let result = FloatBuffer(count: tokens.count * d)
    for (place, token) in tokens.enumerated() {
      let key = keys[token]
      let length = (0..<d).reduce(Float(0)) { $0 + key[$1] * key[$1] }.squareRoot()
      for c in 0..<d { result[place * d + c] = length > 0 ? key[c] / length : 0 }
    }
    return result
  }

  private static func mean(_ keys: KeyRows, of tokens: [Int32]) -> [Float] {
    var sum = Array(repeating: Float(0), count: keys.width)
    for token in tokens { for c in sum.indices { sum[c] += keys[Int(token)][c] } }
    return sum.map { $0 / Float(tokens.count) }
  }

  private static func spread(_ keys: KeyRows, of tokens: [Int32], about centre: [Float]) -> Float {
    var sum: Float = 0
    for token in tokens {
      let key = keys[Int(token)]
      for c in centre.indices { sum += (key[c] - centre[c]) * (key[c] - centre[c]) }
    }
    return sum / Float(tokens.count)
  }

  /// A token joins the cluster whose centroid is nearest, the lower one of equals, which moves to the mean of both.
  ///
  /// - Returns: the cluster's number; -1 where there is none.
  @discardableResult mutating func add(_ token: Int32, _ tables: GroupTables) -> Int {
    let key = tables.keys(for: .clusters(Leave()))[Int(token)]
    var (nearest, least) = (-1, Float.infinity)
    for cluster in members.indices {
      let first = cluster * width
      let distance = (0..<width).reduce(Float(0)) {
        $0 + (centroids[first + $1] - key[$1]) * (centroids[first + $1] - key[$1])
      }
      if distance < least { (nearest, least) = (cluster, distance) }
    }
    guard nearest >= 0 else { return nearest }
    let count = Float(members[nearest].count)
    members[nearest].insert(token, at: members[nearest].lastIndex { $0 < token }.map { $0 + 1 } ?? 0)
    spreads[nearest] = (spreads[nearest] + least / (count + 1)) * count / (count + 1)
    for c in 0..<width {
      centroids[nearest * width + c] += (key[c] - centroids[nearest * width + c]) / (count + 1)
    }
    if let value = tables.values?.sum([token]) {
      for c in value.indices { valueSums[nearest][c] += value[c] }
    }
    return nearest
  }

  /// Tokens of clusters, the best cluster first, until there are `most`: of the last cluster its first tokens.
  ///
  /// - Parameters:
  ///   - ranks: a value per cluster; ties go to the lower cluster.
  ///   - tokens: those that count.
  /// - Returns: what was taken, and all clusters in order, of which the first `count` were taken from.
  func best(_ ranks: [Float], among tokens: Range<Int>, most: Int) -> (
    tokens: [Int32], order: [Int], count: Int
  ) {
    let order = ranks.bestFirst()
    var taken: [Int32] = []
    var count = 0
    while taken.count < most, count < order.count {
      taken += members[order[count]].filter { tokens.contains(Int($0)) }.prefix(most - taken.count)
      count += 1
    }
    return (taken, order, count)
  }

  /// Scores of the prompt's traced queries, which no decode step pays for: `[query][cluster]`.
  func scores(_ prompt: ScoredBlock, _ row: Int) -> [Float] { scores(prompt.query(row)) }

  /// What a key of each cluster weighs where all are their centroid: exp(l_i) / Σ_j N_j exp(l_j), N the sizes.
  ///
  /// - Parameter logits: of the centroids.
  func keyWeights(_ logits: [Float], _ kernels: Kernels) -> [Float] {
    var weights = logits
    kernels.softmax(&weights)
    let sum = Float(zip(weights, members).reduce(0.0) { $0 + Double($1.0) * Double($1.1.count) })
    return weights.map { $0 / sum }
  }

  func scores(_ query: UnsafePointer<Float>, for _: ClusterScoring) -> [Float] { scores(query) }

  private func scores(_ query: UnsafePointer<Float>) -> [Float] {
    centroids.withUnsafeBufferPointer { all in
      guard let start = all.baseAddress else { return [] }
      return RowProducts.of(query, width: width, count: members.count) { start + $0 * width }
    }
  }

  /// How many tokens a cluster stands for, and their values' sum; nil for none, and where a sliding window has left part of it
  /// behind, whose sum is not known.
  ///
  /// - Parameter isRead: of tokens attended to exactly whatever their cluster, which count once.
  func remainder(
    _ cluster: Int, within visible: Range<Int>, isRead: (Int32) -> Bool, _ values: ValueRows?,
    for _: ClusterScoring
  ) -> (count: Float, valueSum: [Float])? {
    guard let first = members[cluster].first, Int(first) >= visible.lowerBound else { return nil }
    let known = members[cluster].filter(isRead)
    guard known.count < members[cluster].count else { return nil }
    let sum = known.isEmpty ? valueSums[cluster] : zip(valueSums[cluster], values?.sum(known) ?? []).map(-)
    return (Float(members[cluster].count - known.count), sum)
  }
}
