import Testing

@testable import Policies

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Loops in double precision that the policies' tests share.
extension SmallTrace {
  func key(_ token: Int) -> [Double] { keys[token].map(Double.init) }
  func query(_ head: Int, _ step: Int) -> [Double] { queries[head][step].map(Double.init) }

  /// Softmax of q · k over some tokens.
  func attention(_ query: [Double], over tokens: [Int]) -> [Int: Double] {
    let logits = tokens.map { token in
      let logit = dot(query, key(token)) * Double(scale)
      return logitSoftcap.map { Double($0) * tanh(logit / Double($0)) } ?? logit
    }
    let largest = logits.max() ?? 0
    let weights = logits.map { exp($0 - largest) }
    let sum = weights.reduce(0, +)
    return Dictionary(uniqueKeysWithValues: zip(tokens, weights.map { $0 / sum }))
  }

  /// Softmax of a query of the observation window over all that it sees.
  func windowAttention(head: Int, _ query: Int) -> [Int: Double] {
    attention(windowQueries[head][query].map(Double.init), over: Array(0...windowPositions[query]))
  }

  /// Pages of a step as ranges of tokens, the last cut at what the step sees.
  func pages(step: Int, size: Int) -> [Range<Int>] {
    let visible = steps[step].visible
    return stride(from: visible.lowerBound / size * size, to: visible.upperBound, by: size).map {
      $0..<min($0 + size, visible.upperBound)
    }
  }

  /// A vector turned by `position` tokens.
  func turned(_ vector: [Double], by position: Int) -> [Double] {
    var result = vector
    for (chunk, frequency) in frequencies.enumerated() {
      let (i, j) = chunks.pairing == .half ? (chunk, chunk + headDim / 2) : (2 * chunk, 2 * chunk + 1)
      let angle = Double(position) * frequency
      result[i] = vector[i] * cos(angle) - vector[j] * sin(angle)
      result[j] = vector[i] * sin(angle) + vector[j] * cos(angle)
    }
    return result
  }
}

func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
func sum(_ rows: [[Double]]) -> [Double] { rows[0].indices.map { c in rows.reduce(0) { $0 + $1[c] } } }
func mean(_ rows: [[Double]]) -> [Double] { sum(rows).map { $0 / Double(rows.count) } }
func length(_ v: [Double]) -> Double { dot(v, v).squareRoot() }

/// Normalised exponentials of some scores times `scale`.
func softmax(_ scores: [Double], _ scale: Double) -> [Double] {
  let largest = scores.max() ?? 0
  let weights = scores.map { exp(($0 - largest) * scale) }
  let total = weights.reduce(0, +)
  return weights.map { $0 / total }
}

/// Members of highest value; ties go to the lower member.
func best<Member: Comparable>(_ members: [Member], _ count: Int, by value: (Member) -> Double) -> [Member] {
  Array(members.sorted { value($0) != value($1) ? value($0) > value($1) : $0 < $1 }.prefix(count)).sorted()
}

/// Whether `chosen` are members of highest value up to rounding: none left out is better than any taken.
func areBest<Member: Hashable>(
  _ chosen: [Member], of members: [Member], tolerance: Double = 1e-4, by value: (Member) -> Double
) -> Bool {
  let taken = Set(chosen)
  guard taken.count == chosen.count, taken.isSubset(of: members) else { return false }
  let least = chosen.map(value).min() ?? .infinity
  let most = members.filter { !taken.contains($0) }.map(value).max() ?? -.infinity
  return most <= least + tolerance
}
