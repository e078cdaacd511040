import Kernels
import Policies

/// What some of the tokens that a row sees make of its output.
extension ExactAttention {
  /// Below this a subset's weights, taken relative to the best of all tokens, have lost digits to
  /// underflow, and are taken anew relative to the subset's own best.
  private static let leastSum: Float = 0x1p-80

  /// The same with a policy's own formula for the output.
  func measure(
    _ row: Int, _ tokens: UnsafeBufferPointer<Int32>, correction: OutputCorrection?,
    difference: UnsafeMutablePointer<Float>? = nil
  ) -> (mass: Double, outputError: Double) {
    // Nothing attended to and nothing that stands for it has no output to correct.
    guard let correction, !tokens.isEmpty || !correction.terms.isEmpty else {
      return measure(row, tokens, difference: difference)
    }
    return (measure(row, tokens).mass, correctedError(row, tokens, correction, difference))
  }

  /// The relative error of the output that a policy's own formula makes of its tokens.
  private func correctedError(
    _ row: Int, _ tokens: UnsafeBufferPointer<Int32>, _ correction: OutputCorrection,
    _ difference: UnsafeMutablePointer<Float>?
  ) -> Double {
    corrected(row, tokens, correction) { out, divisor, weights, termWeights in
      let found = error(row, out, divisor, difference)
      if found.isFinite { return found }
      return wideError(row, tokens, weights, correction, termWeights: termWeights, difference: difference)
    }
  }

  /// The output that a policy's own formula makes of its tokens, before it is divided.
  private func corrected<Result>(
    _ row: Int, _ tokens: UnsafeBufferPointer<Int32>, _ correction: OutputCorrection,
    _ body: (
      _ out: UnsafeMutablePointer<Float>, _ divisor: Float, _ weights: UnsafeMutablePointer<Float>,
      _ termWeights: [Float]
    ) -> Result
  ) -> Result {
    let out = UnsafeMutablePointer<Float>.allocate(capacity: values.paddedChannels + tokens.count)
    defer { out.deallocate() }
    let weights = out + values.paddedChannels
    let logits = logits.row(row)
    for (i, token) in tokens.enumerated() {
      weights[i] = logits[Int(token)] * scale + (correction.offsets.isEmpty ? 0 : correction.offsets[i])
    }
    let chosen = UnsafeBufferPointer(start: weights, count: tokens.count)
    let terms = correction.terms.map(\.logit)
    let largest = max(block.kernels.maximum(chosen), terms.max() ?? -.infinity)
    block.kernels.exponentials(chosen, offset: largest, scale: 1, into: weights)
    var sum = gather(row, weights, tokens, into: out)
    var termWeights = terms
    termWeights.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      block.kernels.exponentials(UnsafeBufferPointer(buffer), offset: largest, scale: 1, into: start)
    }
    for (weight, term) in zip(termWeights, correction.terms) {
      sum += weight * term.count
      for channel in 0..<values.channels { out[channel] += weight * term.valueSum[channel] }
    }
    for channel in 0..<values.channels where correction.mix > 0 {
      out[channel] = (1 - correction.mix) * (out[channel] / sum) + correction.mix * correction.mean[channel]
    }
    return body(out, correction.mix > 0 ? 1 : sum, weights, termWeights)
  }

  /// The output of a row over what was chosen for it, `[valueDim]`.
  ///
  /// - Parameter choice: nil for all that the row sees.
  package func output(_ row: Int, of choice: Selections?, into out: UnsafeMutablePointer<Float>) {
    func take(_ sums: UnsafeMutablePointer<Float>, _ divisor: Float) {
      for channel in 0..<values.channels { out[channel] = sums[channel] / divisor }
    }
    guard let choice, !choice.wholeSteps.contains(row % block.steps.count) else {
      if isExact {
        for (channel, value) in output(row).enumerated() { out[channel] = value }
      } else {
        whole(row, take)
      }
      return
    }
    choice.withTokens(row) { tokens in
      if let correction = choice.corrections?[row], !tokens.isEmpty || !correction.terms.isEmpty {
        return corrected(row, tokens, correction) { sums, divisor, _, _ in take(sums, divisor) }
      }
      plain(row, tokens) { sums, divisor, _, _ in take(sums, divisor) }
    }
  }

  /// The attention mass that an ascending set of tokens holds, and the relative error of the output of
  /// exact attention over that set alone.
  ///
  /// - Parameter difference: zeros, `[valueDim]`, which get that output less full attention's.
  func measure(
    _ row: Int, _ tokens: UnsafeBufferPointer<Int32>, difference: UnsafeMutablePointer<Float>? = nil
  ) -> (mass: Double, outputError: Double) {
    // All that the row sees is full attention, in whatever order it is summed.
    if tokens.count == block.visible(row).count { return (1, wholeError(row, difference: difference)) }
    guard !tokens.isEmpty else {
      if let difference {
        for (channel, exact) in target(row).enumerated() { difference[channel] = -exact }
      }
      return (0, norms[row] > 0 ? 1 : 0)
    }
    return plain(row, tokens) { out, divisor, sum, weights in
      let found = error(row, out, divisor, difference)
      return (
        Double(sum) / Double(sums[row]),
        found.isFinite ? found : wideError(row, tokens, weights, difference: difference)
      )
    }
  }

  /// Attention over tokens before it is divided.
  ///
  /// - Parameter body: `sum` is of the weights relative to the row's largest logit.
  func plain<Result>(
    _ row: Int, _ tokens: UnsafeBufferPointer<Int32>,
    _ body: (
      _ out: UnsafeMutablePointer<Float>, _ divisor: Float, _ sum: Float,
      _ weights: UnsafeMutablePointer<Float>
    ) -> Result
  ) -> Result {
    let out = UnsafeMutablePointer<Float>.allocate(capacity: values.paddedChannels + tokens.count)
    defer { out.deallocate() }
    let weights = out + values.paddedChannels
    let sum = attend(row, tokens, offset: offsets[row], weights: weights, into: out)
    var divisor = sum
    if sum < Self.leastSum {
      let own = tokens.reduce(-Float.infinity) { max($0, logits.row(row)[Int($1)]) }
      divisor = attend(row, tokens, offset: own, weights: weights, into: out)
    }
    return body(out, divisor, sum, weights)
  }

  /// Attention over `tokens` before its division, in `out`; returns what it is divided by.
  private func attend(
    _ row: Int, _ tokens: UnsafeBufferPointer<Int32>, offset: Float, weights: UnsafeMutablePointer<Float>,
    into out: UnsafeMutablePointer<Float>
  ) -> Float {
    let logits = logits.row(row)
    for (i, token) in tokens.enumerated() { weights[i] = logits[Int(token)] }
    block.kernels.exponentials(
      UnsafeBufferPointer(start: weights, count: tokens.count), offset: offset, scale: scale, into: weights)
    return gather(row, weights, tokens, into: out)
  }

  /// Not finite where the output overflows 32-bit floats, or where full attention's is zero and this one's is not.
  func error(
    _ row: Int, _ out: UnsafeMutablePointer<Float>, _ sum: Float, _ differences: UnsafeMutablePointer<Float>?
  ) -> Double {
    var squares = 0.0
    for (channel, exact) in target(row).enumerated() {
      let difference = Double(out[channel] / sum) - Double(exact)
      squares += difference * difference
      differences?[channel] = Float(difference)
    }
    return squares == 0 ? 0 : squares.squareRoot() / norms[row]
  }

  /// The same in 64 bits: an average of 32-bit values is one of them or lies between them, though their weighted sum may
  /// overflow.
  ///
  /// - Returns: NaN where it is undefined: full attention's output is zero and this one's is not, or a policy's own sums
  ///   overflow.
  private func wideError(
    _ row: Int, _ tokens: UnsafeBufferPointer<Int32>, _ weights: UnsafePointer<Float>,
    _ correction: OutputCorrection = OutputCorrection(), termWeights: [Float] = [],
    difference: UnsafeMutablePointer<Float>?
  ) -> Double {
    let terms = zip(termWeights, correction.terms).map { (weight: Double($0), term: $1) }
    var sum = terms.reduce(0) { $0 + $1.weight * Double($1.term.count) }
    for place in tokens.indices { sum += Double(weights[place]) }
    var squares = 0.0
    let first = tail?.first[row % block.steps.count] ?? .max
    for (channel, exact) in target(row).enumerated() {
      var total = terms.reduce(0) { $0 + $1.weight * Double($1.term.valueSum[channel]) }
      for (place, token) in tokens.enumerated() {
        let own = token < first ? values : tail?.values ?? values
        total += Double(weights[place]) * Double(own.value(Int(token), channel))
      }
      var own = total / sum
      if correction.mix > 0 {
        own = Double(1 - correction.mix) * own + Double(correction.mix) * Double(correction.mean[channel])
      }
      squares += (own - Double(exact)) * (own - Double(exact))
      difference?[channel] = Float(own - Double(exact))
    }
    let error = squares == 0 ? 0 : squares.squareRoot() / norms[row]
    return error.isFinite ? error : .nan
  }
}
