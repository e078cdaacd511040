import Attention
import Kernels

extension KeyClusters {
  /// The shares of a spread that are tried.
  static let spreadShares: [Float] = [0, 0.0625, 0.125, 0.25, 0.5, 1]

  /// How much of their spread makes clusters that are not read weigh what their keys do, for the prompt's last queries: the share
  /// whose logarithm of the estimated weight is least off, on average.
  ///
  /// How far keys lie about their mean says little where they do so across the directions in which queries look, and much where
  /// along them: that is a head's own.
  ///
  /// - Parameters:
  ///   - most: the share at most; 0 for none, as where no query of the prompt is traced.
  ///   - tokens: how many are read, of the best clusters.
  ///   - name: says what the clusters were made from, where these are no policy's own: others may read more or
  ///     fewer tokens.
  func fittedSpread(_ prompt: PromptView?, most: Float, reading tokens: Int, named name: String? = nil)
    -> Float
  {
    guard let prompt, prompt.window != nil, most > 0, !members.isEmpty else { return 0 }
    let weights =
      name.map { name in
        prompt.tables.cached("weights of \(name)", ofPrompt: true) { self.weights(prompt) }
      } ?? self.weights(prompt)
    var errors = [Double](repeating: 0, count: Self.spreadShares.count)
    for own in weights {
      for (place, share) in Self.spreadShares.enumerated() {
        errors[place] += own.error(share: Double(share * most), reading: tokens)
      }
    }
    let least = errors.indices.min { (errors[$0], $0) < (errors[$1], $1) } ?? 0
    return Self.spreadShares[least] * most
  }

  /// What clusters weigh for one query of the prompt, over the largest weight of a token.
  private struct Weights {
    var logits: [Double] = []
    /// What the whole spread adds to each.
    var spreads: [Double] = []
    var counts: [Int] = []
    var exact: [Double] = []

    /// How far the logarithm of the weight of what is not read is off; 0 where nothing is left.
    func error(share: Double, reading tokens: Int) -> Double {
      let raised = zip(logits, spreads).map { $0 + share * $1 }
      let weights = PortableMath.exp(raised.map { min($0, 700) })
      var (read, estimate, truth) = (0, 0.0, 0.0)
      for cluster in raised.bestFirst() {
        if read < tokens {
          read += counts[cluster]
        } else {
          estimate += Double(counts[cluster]) * weights[cluster]
          truth += exact[cluster]
        }
      }
      guard estimate > 1e-300, truth > 1e-300 else { return 0 }
      return abs(PortableMath.log(estimate) - PortableMath.log(truth))
    }
  }

  /// For the prompt's last queries, one after the other.
  private func weights(_ prompt: PromptView) -> [Weights] {
    var result: [Weights] = []
    prompt.eachBlock(last: 32) { block in
      for row in 0..<block.rows { result.append(weights(block, row)) }
    }
    return result
  }

  private func weights(_ block: ScoredBlock, _ row: Int) -> Weights {
    let (matrix, scale) = block.logits()
    let visible = block.visible(row)
    let tokens = matrix.row(row)
    let largest = visible.reduce(-Float.infinity) { max($0, tokens[$1] * scale) }
    let factor = block.spreadFactor(row)
    let own = PortableMath.exp(visible.map { Double(tokens[$0] * scale - largest) })
    var result = Weights()
    for (cluster, logit) in block.logits(of: scores(block, row)).enumerated() {
      var (seen, exact) = (0, 0.0)
      for token in members[cluster] where visible.contains(Int(token)) {
        seen += 1
        exact += own[Int(token) - visible.lowerBound]
      }
      result.logits.append(Double(logit - largest))
      result.spreads.append(Double(factor * spreads[cluster]))
      result.counts.append(seen)
      result.exact.append(exact)
    }
    return result
  }
}
