import Attention

/// Which factor skips which share of the tiles of skipped softmax.
///
/// A tile is skipped where λ = factor / context lies above e to the distance of its largest logit from the running maximum: of
/// each tile the least such factor is known, and shares of tiles are quantiles of it.
public enum SkipCalibration {
  /// The logarithms of the least factors that skip each tile of a block's rows, heads of a group together; of a text's first
  /// tile, which nothing skips, none.
  public static func thresholds(_ block: ScoredBlock) -> [Double] {
    let (logits, scale) = block.logits()
    return block.steps.indices.flatMap { step -> [Double] in
      let visible = block.steps[step].visible
      let tiles = SkipSoftmax.tiles(visible, of: SkipSoftmax.calibrated.tile)
      let gaps = (0..<block.group.groupSize).map { head in
        SkipSoftmax.gaps(
          SkipSoftmax.largest(
            tiles, of: logits, row: block.row(head: head, step: step), scale: scale, block.kernels),
          splits: 1)
      }
      let context = PortableMath.log(Double(visible.count))
      // All heads of a group skip a tile, or none.
      return tiles.indices.dropFirst().map { tile in
        (gaps.map { $0[tile] }.max() ?? 0) + context
      }
    }
  }

  /// The factors at the shares that are kept, of four digits.
  ///
  /// - Parameter tiles: how many there were, those that nothing skips among them.
  public static func factors(_ thresholds: [Double], tiles: Int) -> [Double]? {
    guard let last = thresholds.indices.last else { return nil }
    let sorted = thresholds.sorted()
    return SkipSoftmax.calibrated.shares.map { share in
      PortableMath.exp(sorted[min(last, Int(share * Double(tiles)))]).significant(4)
    }
  }

  /// Whether they are one a share, positive and ascending.
  public static func isSound(_ factors: [Double]) -> Bool {
    factors.count == SkipSoftmax.calibrated.shares.count && factors.allSatisfy { $0 > 0 && $0.isFinite }
      && zip(factors, factors.dropFirst()).allSatisfy { $0 <= $1 }
  }

  static func merging(_ factors: [[Double]], weights: [Double]) -> [Double] {
    let total = weights.reduce(0, +)
    return SkipSoftmax.calibrated.shares.indices.map { place in
      let sum = zip(factors, weights).reduce(0.0) { $0 + PortableMath.log($1.0[place]) * $1.1 }
      return PortableMath.exp(sum / total).significant(4)
    }
  }

  /// Between the shares that are kept by the logarithm, below the first and above the last by the nearest two.
  static func factor(skipping share: Double, _ factors: [Double]) -> Double {
    let shares = SkipSoftmax.calibrated.shares
    let place = min(max(shares.lastIndex { $0 <= share } ?? 0, 0), shares.count - 2)
    let (low, high) = (PortableMath.log(factors[place]), PortableMath.log(factors[place + 1]))
    let part = (share - shares[place]) / (shares[place + 1] - shares[place])
    return PortableMath.exp(low + part * (high - low))
  }
}
