import Kernels

extension PromptView {
  /// Softmax attention of each query of the observation window over all tokens that it sees:
  /// `[query of the window][token]`, zero beyond; empty where the trace has no window.
  func windowAttention(head: Int) -> [[Float]] {
    guard let window else { return [] }
    return tables.cached("window attention \(head)") {
      let (logits, scale) = window.logits()
      return window.steps.indices.map { step in
        let visible = window.steps[step].visible
        let row = window.row(head: head, step: step)
        let weights = window.attention(logits.row(row), scale: scale, over: visible.map(Int32.init))
        return Array(repeating: 0, count: visible.lowerBound) + weights
          + Array(repeating: 0, count: tables.tokens - visible.upperBound)
      }
    }
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
    guard window != nil else { return recency }
    for weights in windowAttention(head: head) {
      for token in result.indices { result[token] += weights[token] }
    }
    return result
  }

  /// What the last query of the prompt attended to; for want of it, the more the later the token.
  func lastAttention(head: Int) -> [Float] { windowAttention(head: head).last ?? recency }

  /// Values that say only which token is later.
  var recency: [Float] { (0..<tables.tokens).map { Float($0) * 1e-12 } }
}
