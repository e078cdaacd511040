import Kernels

/// Softmax of scores that are there already.
extension QueryRows {
  /// What softmax is taken of, from raw scores of one's own: scaled, and capped where the model caps its logits.
  func logits(of scores: [Float]) -> [Float] {
    guard let cap = group.logitSoftcap else { return scores.map { $0 * group.scale } }
    var result = scores
    result.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      kernels.softcap(UnsafeBufferPointer(buffer), scale: group.scale, cap: cap, into: start)
    }
    return result
  }

  /// What the whole spread of keys about their mean adds to the logit of the mean, for each unit of the mean squared distance: half
  /// the squared length of a row's scaled query, a channel. Keys are taken to lie in no direction rather than another.
  func spreadFactor(_ row: Int) -> Float {
    let query = query(row)
    let square = (0..<group.headDim).reduce(Float(0)) { $0 + query[$1] * query[$1] }
    return square * group.scale * group.scale / Float(group.headDim) / 2
  }

  /// Normalised softmax of raw scores of one's own, scaled and capped as the model's.
  ///
  /// - Parameter scale: what scores are multiplied by in place of all that.
  func softmax(_ scores: [Float], scale: Float? = nil) -> [Float] {
    var weights = scale == nil ? logits(of: scores) : scores
    kernels.softmax(&weights, scale: scale ?? 1)
    return weights
  }

  /// Softmax of a row's scores over the tokens that it sees.
  func normalise(_ scores: ScoreMatrix, row: Int, scale: Float, into result: ScoreMatrix) {
    let columns = visible(row)
    let values = scores.scores(row, columns)
    let out = result.row(row) + columns.lowerBound
    kernels.exponentials(values, offset: kernels.maximum(values), scale: scale, into: out)
    let sum = Float((0..<columns.count).reduce(0.0) { $0 + Double(out[$1]) })
    for i in 0..<columns.count { out[i] /= sum }
  }
}

extension Kernels {
  /// Softmax of values, in place, normalised.
  func softmax(_ values: inout [Float], scale: Float = 1) {
    values.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      let values = UnsafeBufferPointer(buffer)
      exponentials(values, offset: maximum(values), scale: scale, into: start)
      let sum = Float(values.reduce(0.0) { $0 + Double($1) })
      for i in buffer.indices { buffer[i] /= sum }
    }
  }
}
