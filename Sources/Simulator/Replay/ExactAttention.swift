import Kernels
import Policies

/// Full attention of a block's rows, and what a subset of the tokens makes of it.
struct ExactAttention {
  /// Below this a subset's weights, taken relative to the best of all tokens, have lost digits to
  /// underflow, and are taken anew relative to the subset's own best.
  private static let leastSum: Float = 0x1p-80

  let block: ScoredBlock
  let values: ValueTiles
  private let weights: ScoreMatrix
  /// Softmax denominators.
  private let sums: [Float]
  /// `[row][paddedChannels]`, normalised.
  private let outputs: [Float]
  /// ‖o‖₂ of every row.
  private let norms: [Double]

  /// - Throws: ``ReplayError`` where a score or an output is beyond 32-bit floats.
  init(_ block: ScoredBlock, values: ValueTiles) throws {
    self.block = block
    self.values = values
    let weights = block.attentionWeights()
    let width = values.paddedChannels
    let end = block.span.upperBound
    var sums = Array(repeating: Float(0), count: block.rows)
    var outputs = Array(repeating: Float(0), count: block.rows * width)
    sums.withUnsafeMutableBufferPointer { buffer in
      if let start = buffer.baseAddress {
        block.kernels.rowSums(
          weights.row(0), stride: weights.stride, rows: block.rows, tokens: end, into: start)
      }
    }
    outputs.withUnsafeMutableBufferPointer { buffer in
      if let start = buffer.baseAddress {
        block.kernels.attend(
          weights: weights.row(0), stride: weights.stride, rows: block.rows, values: values, tokens: end,
          into: start)
      }
    }
    for index in outputs.indices { outputs[index] /= sums[index / width] }
    self.weights = weights
    self.sums = sums
    self.outputs = outputs
    norms = (0..<block.rows).map { row in
      outputs[row * width..<row * width + values.channels].reduce(0) { $0 + Double($1) * Double($1) }
        .squareRoot()
    }
    if let row = norms.firstIndex(where: { !$0.isFinite }) {
      let head = block.group.queryHeads.lowerBound + row / block.steps.count
      throw ReplayError(
        """
        layer \(block.group.layer), query head \(head), position \(block.steps[row % block.steps.count].position): \
        attention over the stored keys and values overflows 32-bit floats: expected a run's own values; capture again
        """)
    }
  }

  /// The output of a row, `[valueDim]`.
  func output(_ row: Int) -> ArraySlice<Float> {
    outputs[row * values.paddedChannels..<row * values.paddedChannels + values.channels]
  }

  /// The attention mass that an ascending set of tokens holds, and the relative error of the output of
  /// exact attention over that set alone.
  func measure(_ row: Int, _ tokens: UnsafeBufferPointer<Int32>) -> (mass: Double, outputError: Double) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: values.paddedChannels) { out in
      guard let start = out.baseAddress, !tokens.isEmpty else { return (0, 1) }
      let sum = block.kernels.gatherAttend(
        weights: weights.row(row), tokens: tokens, values: values, into: start)
      let mass = Double(sum) / Double(sums[row])
      if sum >= Self.leastSum { return (mass, error(row, start, sum)) }
      let local = weightsRelativeToOwnBest(row, tokens)
      let localSum = block.kernels.gatherAttend(
        weights: local.pointer, tokens: tokens, values: values, into: start)
      return (mass, error(row, start, localSum))
    }
  }

  private func error(_ row: Int, _ out: UnsafeMutablePointer<Float>, _ sum: Float) -> Double {
    var squares = 0.0
    for (channel, exact) in output(row).enumerated() {
      let difference = Double(out[channel] / sum) - Double(exact)
      squares += difference * difference
    }
    return norms[row] > 0 ? squares.squareRoot() / norms[row] : 0
  }

  private func weightsRelativeToOwnBest(_ row: Int, _ tokens: UnsafeBufferPointer<Int32>) -> FloatBuffer {
    let scores = block.logits(row)
    let chosen = FloatBuffer(count: tokens.count)
    for (i, token) in tokens.enumerated() { chosen[i] = scores.values[Int(token)] }
    let exponentials = FloatBuffer(count: tokens.count)
    let list = UnsafeBufferPointer(chosen.values)
    block.kernels.exponentials(
      list, offset: block.kernels.maximum(list), scale: scores.scale, into: exponentials.pointer)
    let result = FloatBuffer(count: values.tokens)
    for (i, token) in tokens.enumerated() { result[Int(token)] = exponentials[i] }
    return result
  }
}
