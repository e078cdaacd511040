/// Which layers should choose for those after them: dynamic programming over what each layer loses by the choice of each layer before
/// it, as Kascade's authors place theirs by similarity (arXiv 2512.16391, section 3).
public struct AnchorSearch {
  /// Layers that choose for those after them, and what all layers then lose.
  public struct Pattern: Sendable, Equatable {
    /// Places among the layers, ascending; the first layer is always one.
    public let anchors: [Int]
    public let loss: Double
  }

  private let layers: Int
  /// `[anchor][layer]`: what the layers from the anchor up to this one, and not this one, lose by the anchor's choice.
  private let sums: [[Double]]

  /// - Parameter losses: `[anchor][layer]`, what a layer loses by an anchor's choice; layers before the anchor do not count.
  public init(_ losses: [[Double]]) {
    layers = losses.count
    sums = losses.enumerated().map { anchor, row in
      var sums = [Double](repeating: 0, count: row.count + 1)
      for layer in anchor..<row.count { sums[layer + 1] = sums[layer] + row[layer] }
      return sums
    }
  }

  /// The pattern that loses least with each number of anchors, from one on; of equal ones that whose last anchors come first.
  public func patterns(most: Int) -> [Pattern] {
    guard layers > 0, most > 0 else { return [] }
    // Of the layers before each one, with the anchors so far.
    var best = (0...layers).map { Pattern(anchors: [0], loss: sums[0][$0]) }
    var found = [best[layers]]
    for count in 1..<max(1, min(most, layers)) {
      var next = best
      for end in 0...layers {
        let candidates = (count..<max(count, end)).map { anchor in
          Pattern(anchors: best[anchor].anchors + [anchor], loss: best[anchor].loss + sums[anchor][end])
        }
        guard let least = candidates.min(by: { $0.loss < $1.loss }) else { continue }
        next[end] = least
      }
      best = next
      found.append(best[layers])
    }
    return found
  }
}
