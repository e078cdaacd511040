import Kernels

extension ScoredBlock {
  /// What softmax is taken of, with the factor still to be applied: the scores, or where the model caps its
  /// logits, the capped ones.
  public func logits() -> (matrix: ScoreMatrix, scale: Float) {
    let scores = fullScores()
    guard let cap = group.logitSoftcap else { return (scores, group.scale) }
    if let capped { return (capped, 1) }
    let result = makeMatrix()
    for row in 0..<rows {
      let visible = visible(row)
      kernels.softcap(
        scores.scores(row, visible), scale: group.scale, cap: cap, into: result.row(row) + visible.lowerBound)
    }
    capped = result
    return (result, 1)
  }

  /// Unnormalised softmax weights, `exp(logit - largest logit)`, of the tokens that each row sees.
  public func attentionWeights() -> ScoreMatrix {
    if let weights { return weights }
    let (logits, scale) = logits()
    let result = makeMatrix()
    for row in 0..<rows {
      let visible = visible(row)
      let values = logits.scores(row, visible)
      kernels.exponentials(
        values, offset: kernels.maximum(values), scale: scale, into: result.row(row) + visible.lowerBound)
    }
    weights = result
    return result
  }

  /// The scaled logits of a step's queries over some tokens, of each token the largest among the group's heads.
  func largestLogits(step: Int, over tokens: [Int32]) -> [Float] {
    let (logits, scale) = logits()
    let rows = (0..<group.groupSize).map { logits.row(row(head: $0, step: step)) }
    return tokens.map { token in rows.reduce(-.infinity) { max($0, $1[Int(token)] * scale) } }
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
