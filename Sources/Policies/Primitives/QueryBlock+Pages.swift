import Kernels

extension QueryBlock {
  /// The tokens of the best pages of every row, within the budget.
  ///
  /// The tokens that `guarded` keeps come first and count in k. What is left of k is rounded down to whole pages, as the
  /// page policies' authors do, but to `least` pages at least; where those hold more tokens than k, the last of
  /// the pages by score is cut, keeping its first tokens. Ties go to the lower page.
  func bestPages(_ scores: PageScores, least: Int = 1, guarded own: ((Step) -> Guard)? = nil) -> Selections {
    let seen = steps.reduce(0) { $0 + scores.pages($1.visible).count }
    charge(
      .scores(.select, by: .select), readPerHead: seen * 4 * group.groupSize,
      readGroupUnion: seen * 4 * group.groupSize)
    return pages(of: scores, least: least, guarded: own)
  }

  /// The same of ranks that are paid for.
  func pages(of scores: PageScores, least: Int, guarded own: ((Step) -> Guard)?) -> Selections {
    notePages(scores, least: least, guarded: own)
    var result = Selections()
    var chosen: [Int32] = []
    for row in 0..<rows {
      let step = steps[row % steps.count]
      let k = budgets[row % steps.count]
      let (sinks, middle, recent) = (own?(step) ?? guarded).split(step.visible, budget: k)
      let free = k - sinks.count - recent.count
      let pages = middle.isEmpty ? 0..<0 : scores.pages(middle)
      let count = min(pages.count, max(free / scores.pageTokens, least))
      chosen = Array(repeating: 0, count: count)
      chosen.withUnsafeMutableBufferPointer { buffer in
        if let out = buffer.baseAddress {
          kernels.topK(
            scores.matrix.scores(row, pages), k: count, into: out, scratch: scratch)
        }
      }
      let tokens = chosen.map { page -> Range<Int> in
        let first = (pages.lowerBound + Int(page)) * scores.pageTokens
        return (first..<first + scores.pageTokens).clamped(to: middle)
      }
      let values = scores.matrix.row(row)
      let best = Self.cut(tokens, to: free) { values[$0.lowerBound / scores.pageTokens] }
      result.appendRow([[sinks], best, [recent]].joined().joined().lazy.map(Int32.init))
    }
    return result
  }

  /// As many of the tokens of ascending ranges as fit in `free`, those of the highest value first.
  private static func cut(_ ranges: [Range<Int>], to free: Int, by value: (Range<Int>) -> Float) -> [Range<
    Int
  >] {
    guard ranges.reduce(0, { $0 + $1.count }) > free else { return ranges }
    var left = free
    var kept: [Range<Int>] = []
    for range in ranges.map(value).bestFirst().lazy.map({ ranges[$0] }) where left > 0 {
      kept.append(range.prefix(left))
      left -= min(left, range.count)
    }
    return kept.sorted { $0.lowerBound < $1.lowerBound }
  }
}
