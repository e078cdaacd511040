@testable import Policies

/// Lloyd's rounds from keys evenly apart, in double precision.
struct NaiveClusters {
  /// Tokens of each cluster that has any, ascending.
  var members: [[Int]] = []
  var centres: [[Double]] = []

  /// - Parameter likeness: as ``KeyClusters/Likeness`` names them.
  init(_ trace: SmallTrace, _ zone: Range<Int>, count: Int, rounds: Int, likeness: String) {
    let tokens = Array(zone)
    let points = tokens.map { token -> [Double] in
      let key = trace.key(token)
      return likeness == "direction" && length(key) > 0 ? key.map { $0 / length(key) } : key
    }
    func nearest(_ point: [Double], _ centres: [[Double]], byCosine: Bool) -> Int {
      let values = centres.map { centre -> Double in
        let size = length(centre)
        if byCosine { return size > 0 ? dot(point, centre) / size : 0 }
        return dot(point, centre) - size * size / 2
      }
      // The first of those that are equal up to rounding.
      let largest = values.max() ?? 0
      return values.firstIndex { $0 > largest - 1e-9 } ?? 0
    }
    let number = max(1, min(count, points.count))
    var means = (0..<number).map { points[$0 * points.count / number] }
    for _ in 0..<rounds {
      let owners = points.map { nearest($0, means, byCosine: likeness == "cosine") }
      means = means.indices.map { index in
        let own = points.indices.filter { owners[$0] == index }.map { points[$0] }
        return own.isEmpty ? means[index] : mean(own)
      }
    }
    let owners = points.map { nearest($0, means, byCosine: likeness == "cosine" || likeness == "mixed") }
    for index in means.indices {
      let own = tokens.indices.filter { owners[$0] == index }.map { tokens[$0] }
      if own.isEmpty { continue }
      members.append(own)
      centres.append(likeness == "direction" ? mean(own.map(trace.key)) : means[index])
    }
  }

  /// Whether `chosen` are the clusters of highest value, one after the other, the last one cut behind its first tokens.
  func areBest(_ chosen: Set<Int>, by value: (Int) -> Double, tolerance: Double = 1e-3) -> Bool {
    let taken = members.map { $0.filter(chosen.contains) }
    guard taken.reduce(0, { $0 + $1.count }) == chosen.count else { return false }
    guard zip(taken, members).allSatisfy({ Array($1.prefix($0.count)) == $0 }) else { return false }
    let whole = members.indices.filter { taken[$0].count == members[$0].count }
    let cut = members.indices.filter { !taken[$0].isEmpty && taken[$0].count < members[$0].count }
    let none = members.indices.filter { taken[$0].isEmpty }
    guard cut.count <= 1 else { return false }
    func precede(_ first: [Int], _ second: [Int]) -> Bool {
      let least = first.map(value).min() ?? .infinity
      return second.allSatisfy { value($0) <= least + tolerance }
    }
    return precede(whole, cut + none) && precede(cut, none)
  }
}
