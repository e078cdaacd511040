import Kernels

extension PromptView {
  /// Weights of a block of the window's queries are kept below this many floats, so that memory does not grow with the
  /// prompt's traced queries.
  private static let blockFloats = 1_000_000

  /// Softmax attention of the window's last queries, in order, over all tokens that each sees: `[head][token]`, zero
  /// beyond.
  func eachQuery(last count: Int = .max, _ body: (Step, [[Float]]) -> Void) {
    eachBlock(last: count) { block in
      let (logits, scale) = block.logits()
      for (index, step) in block.steps.enumerated() {
        let visible = step.visible
        let heads = (0..<block.group.groupSize).map { head -> [Float] in
          let row = block.row(head: head, step: index)
          var weights = Array(logits.scores(row, visible))
          block.kernels.softmax(&weights, scale: scale)
          return Array(repeating: 0, count: visible.lowerBound) + weights
            + Array(repeating: 0, count: tables.tokens - visible.upperBound)
        }
        body(step, heads)
      }
    }
  }

  /// The window's last queries, some at a time.
  func eachBlock(last count: Int, _ body: (ScoredBlock) -> Void) {
    guard let window else { return }
    let rows = window.steps.indices.suffix(count)
    let size = max(1, Self.blockFloats / max(1, window.group.groupSize * tables.tokens))
    for start in stride(from: rows.lowerBound, to: rows.upperBound, by: size) {
      body(window.some(start..<min(start + size, rows.upperBound)))
    }
  }

  /// Attention of each of the window's last queries: `[query][token]`; empty where the trace has no window.
  func windowAttention(head: Int, last count: Int = .max) -> [[Float]] {
    let heads = tables.cached("window attention \(count)") {
      var heads = Array(repeating: [[Float]](), count: window?.group.groupSize ?? 0)
      eachQuery(last: count) { _, weights in for head in weights.indices { heads[head].append(weights[head]) }
      }
      return heads
    }
    return head < heads.count ? heads[head] : []
  }

  /// Attention that each token got from the prompt's queries: from all of them where the trace says so, else from the
  /// observation window's, else, for want of both, the more the later the token.
  func accumulatedAttention(head: Int) -> [Float] {
    var result = Array(repeating: Float(0), count: tables.tokens)
    if let attention {
      for (token, weight) in attention[head].enumerated() where token < result.count {
        result[token] = weight
      }
      return result
    }
    guard let window else { return recency }
    return tables.cached("accumulated attention") {
      var sums = Array(repeating: result, count: window.group.groupSize)
      eachQuery { step, weights in
        for head in sums.indices { for token in step.visible { sums[head][token] += weights[head][token] } }
      }
      return sums
    }[head]
  }

  /// What the last query of the prompt attended to; where that one is not traced, the more the later the token.
  func lastAttention(head: Int) -> [Float] {
    guard let window, window.steps.last?.position == window.group.promptTokens - 1 else { return recency }
    return windowAttention(head: head, last: 1).last ?? recency
  }

  /// Values that say only which token is later.
  var recency: [Float] { (0..<tables.tokens).map { Float($0) * 1e-12 } }

  /// Query heads of the group, where the prompt tells.
  var heads: Int? { window?.group.groupSize ?? attention?.count }

  /// - Throws: ``PolicyError`` where the trace has no observation window.
  func requiredWindow(_ policy: String) throws -> ScoredBlock {
    guard let window else {
      throw PolicyError(
        policy, expected: "traced queries of the prompt", found: "none in the trace",
        advice: "capture it with an observation window, or leave the policy out")
    }
    return window
  }
}
