import Kernels
import Policies

/// Full attention of a block's rows, and what a subset of the tokens makes of it.
///
/// Of a cache that stores fewer bits it is full attention over what that gives back, and errors are from exact attention.
package struct ExactAttention {
  package let block: ScoredBlock
  let values: ValueTiles
  let logits: ScoreMatrix
  /// What logits are multiplied by before exp.
  let scale: Float
  /// The largest logit of every row.
  let offsets: [Float]
  /// Softmax denominators, relative to the largest logit.
  let sums: [Float]
  /// `[row][paddedChannels]`, normalised; of exact attention alone.
  let outputs: [Float]
  /// What outputs are held against, of the same shape.
  let targets: [Float]
  /// ‖o‖₂ of every row of ``targets``.
  let norms: [Double]
  /// Whether the cache gives back exact keys and values.
  let isExact: Bool
  /// What is not stored in fewer bits yet.
  let tail: ExactTail?

  /// - Throws: ``ReplayError`` where a score or an output is beyond 32-bit floats.
  package init(_ block: ScoredBlock, values: ValueTiles) throws {
    let (logits, scale) = block.logits()
    let softmax = Softmax(
      logits, scale: scale, visible: (0..<block.rows).map { block.visible($0) }, kernels: block.kernels)
    try self.init(block, values: values, softmax.sums(values))
  }

  /// - Parameter sums: of the block's rows.
  init(_ block: ScoredBlock, values: ValueTiles, _ sums: SoftmaxSums) throws {
    self.block = block
    self.values = values
    (logits, scale) = block.logits()
    let width = values.paddedChannels
    (offsets, self.sums) = (sums.offsets, sums.weights)
    var outputs = sums.outputs
    for index in outputs.indices { outputs[index] /= sums.weights[index / width] }
    self.outputs = outputs
    (targets, isExact, tail) = (outputs, true, nil)
    norms = (0..<block.rows).map { row in
      outputs[row * width..<row * width + values.channels].reduce(0) { $0 + Double($1) * Double($1) }
        .squareRoot()
    }
    if let row = norms.firstIndex(where: { !$0.isFinite }) {
      let head = block.group.queryHeads.lowerBound + row / block.steps.count
      throw ReplayError(
        "layer \(block.group.layer), query head \(head), position \(block.steps[row % block.steps.count].position)",
        expected: "a run's own keys and values",
        found: "some whose attention overflows 32-bit floats", advice: "capture the trace again")
    }
  }

  /// What a row's output is held against, `[valueDim]`.
  func target(_ row: Int) -> ArraySlice<Float> {
    targets[row * values.paddedChannels..<row * values.paddedChannels + values.channels]
  }

  /// The output of a row, `[valueDim]`.
  package func output(_ row: Int) -> ArraySlice<Float> {
    outputs[row * values.paddedChannels..<row * values.paddedChannels + values.channels]
  }
}
