import Kernels
import Policies

/// Attention over what a cache of fewer bits gives back.
extension ExactAttention {
  /// The newest tokens of each step, whose values a cache of fewer bits still has as they were.
  package struct ExactTail {
    let values: ValueTiles
    /// Of each step.
    let first: [Int]
  }

  /// - Parameters:
  ///   - block: scored by what is stored of the keys.
  ///   - values: what is stored of the values.
  ///   - exact: attention of the same rows that errors are from.
  package init(
    _ block: ScoredBlock, values: ValueTiles, tail: ExactTail? = nil, against exact: ExactAttention
  ) {
    self.block = block
    self.values = values
    (logits, scale) = block.logits()
    (targets, norms, isExact, self.tail) = (exact.targets, exact.norms, false, tail)
    let logits = logits
    offsets = (0..<block.rows).map { block.kernels.maximum(logits.scores($0, block.visible($0))) }
    // What it attends to is gathered; the share of attention that tokens hold is exact attention's to tell.
    (sums, outputs) = (Array(repeating: .nan, count: block.rows), [])
  }

  /// The relative error of attention over all that a row sees.
  ///
  /// - Parameter difference: gets the output less exact attention's, `[valueDim]`.
  func wholeError(_ row: Int, difference: UnsafeMutablePointer<Float>? = nil) -> Double {
    if isExact { return 0 }
    return whole(row) { out, divisor in error(row, out, divisor, difference) }
  }

  /// Attention over all that a row sees, before it is divided.
  func whole<Result>(_ row: Int, _ body: (_ out: UnsafeMutablePointer<Float>, _ divisor: Float) -> Result)
    -> Result
  {
    block.visible(row).map(Int32.init).withUnsafeBufferPointer { tokens in
      plain(row, tokens) { out, divisor, _, _ in body(out, divisor) }
    }
  }

  /// The weighted sum of tokens' values, in `out`; returns the sum of their weights.
  func gather(
    _ row: Int, _ weights: UnsafeMutablePointer<Float>, _ tokens: UnsafeBufferPointer<Int32>,
    into out: UnsafeMutablePointer<Float>
  ) -> Float {
    let kernels = block.kernels
    guard let tail else {
      return kernels.gatherAttend(weights: weights, tokens: tokens, values: values, into: out)
    }
    let first = tail.first[row % block.steps.count]
    let split = tokens.firstIndex { $0 >= first } ?? tokens.count
    let (before, after) = (
      UnsafeBufferPointer(rebasing: tokens[..<split]), UnsafeBufferPointer(rebasing: tokens[split...])
    )
    let sum = kernels.gatherAttend(weights: weights, tokens: before, values: values, into: out)
    if after.isEmpty { return sum }
    return withUnsafeTemporaryAllocation(of: Float.self, capacity: values.paddedChannels) { own in
      guard let own = own.baseAddress else { return sum }
      let rest = kernels.gatherAttend(
        weights: weights + split, tokens: after, values: tail.values, into: own)
      for channel in 0..<values.channels { out[channel] += own[channel] }
      return sum + rest
    }
  }
}
