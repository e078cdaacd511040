/// A score of every query head and page that a step sees; column p is page p.
struct PageScores {
  let matrix: ScoreMatrix
  let pageTokens: Int

  func pages(_ visible: Range<Int>) -> Range<Int> {
    visible.lowerBound / pageTokens..<(visible.upperBound + pageTokens - 1) / pageTokens
  }
}

extension QueryBlock {
  /// Every row the sum of its group's rows over the columns that its step sees, in ascending order of query
  /// heads.
  func summedOverGroup(_ scores: PageScores) -> PageScores {
    let result = ScoreMatrix(rows: rows, tokens: scores.matrix.stride, pool: pool)
    for step in steps.indices {
      let pages = scores.pages(steps[step].visible)
      for head in 0..<group.groupSize {
        let out = result.row(row(head: head, step: step))
        for page in pages {
          out[page] = (0..<group.groupSize).reduce(Float(0)) {
            $0 + scores.matrix.row(row(head: $1, step: step))[page]
          }
        }
      }
    }
    return PageScores(matrix: result, pageTokens: scores.pageTokens)
  }
}
