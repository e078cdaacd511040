import Kernels

extension ScoredBlock {
  /// Unnormalised softmax weights, `exp(logit - largest logit)`, and zero for tokens out of sight up to
  /// the end of the row.
  public func attentionWeights() -> ScoreMatrix {
    if let weights { return weights }
    let scores = fullScores()
    let result = makeMatrix()
    for row in 0..<rows { fillWeights(from: scores, into: result, row: row) }
    weights = result
    return result
  }

  private func fillWeights(from scores: ScoreMatrix, into result: ScoreMatrix, row: Int) {
    let visible = visible(row)
    var logits = scores.scores(row, visible)
    var scale = group.scale
    let out = result.row(row)
    if let cap = group.logitSoftcap {
      kernels.softcap(logits, scale: scale, cap: cap, into: out + visible.lowerBound)
      logits = result.scores(row, visible)
      scale = 1
    }
    kernels.exponentials(
      logits, offset: kernels.maximum(logits), scale: scale, into: out + visible.lowerBound)
    out.update(repeating: 0, count: visible.lowerBound)
    (out + visible.upperBound).update(repeating: 0, count: result.stride - visible.upperBound)
  }

  /// What a row's softmax is taken of, by token, with the factor still to be applied.
  public func logits(_ row: Int) -> (values: FloatBuffer, scale: Float) {
    let visible = visible(row)
    let scores = fullScores()
    let result = FloatBuffer(count: visible.upperBound)
    guard let cap = group.logitSoftcap else {
      (result.pointer + visible.lowerBound).update(
        from: scores.row(row) + visible.lowerBound, count: visible.count)
      return (result, group.scale)
    }
    kernels.softcap(
      scores.scores(row, visible), scale: group.scale, cap: cap, into: result.pointer + visible.lowerBound)
    return (result, 1)
  }

  /// For every row the smallest set whose weights reach `share` of the row's; ties go to the lower token.
  public func smallestSets(reaching share: Double) -> Selections {
    let weights = attentionWeights()
    var result = Selections()
    for row in 0..<weights.rows {
      let visible = visible(row)
      let values = weights.scores(row, visible)
      let goal = values.reduce(0) { $0 + Double($1) } * share
      var candidates: [Int32] = []
      // Ever larger top sets, so that only as much is sorted as is needed.
      var k = 0
      repeat {
        k = min(max(64, 4 * k), values.count)
        candidates = Array(repeating: 0, count: k)
        candidates.withUnsafeMutableBufferPointer { buffer in
          if let start = buffer.baseAddress { kernels.topK(values, k: k, into: start, scratch: scratch) }
        }
      } while k < values.count && candidates.reduce(0, { $0 + Double(values[Int($1)]) }) < goal
      candidates.sort { (values[Int($0)], $1) > (values[Int($1)], $0) }
      var mass = 0.0
      let enough = candidates.firstIndex { token in
        mass += Double(values[Int(token)])
        return mass >= goal
      }
      let count = (enough ?? candidates.count - 1) + 1
      result.appendRow(candidates.prefix(count).map { $0 + Int32(visible.lowerBound) }.sorted())
    }
    return result
  }
}
