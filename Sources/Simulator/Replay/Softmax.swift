import Kernels
import Policies

/// Rows of logits on their way through softmax to what they make of values.
struct Softmax {
  private let logits: ScoreMatrix
  /// What logits are multiplied by before exp.
  private let scale: Float
  private let visible: [Range<Int>]
  private let kernels: Kernels
  /// The largest logit of every row.
  let offsets: [Float]

  init(_ logits: ScoreMatrix, scale: Float, visible: [Range<Int>], kernels: Kernels) {
    self.logits = logits
    self.scale = scale
    self.visible = visible
    self.kernels = kernels
    offsets = visible.indices.map { kernels.maximum(logits.scores($0, visible[$0])) }
  }

  /// Sums over the tokens that the rows see, before they are divided.
  func sums(_ values: ValueTiles) -> SoftmaxSums {
    sums(0..<visible.count, within: 0..<Int.max, values)
  }

  /// The same of some rows, over some of the tokens that they see.
  func sums(_ rows: Range<Int>, within tokens: Range<Int>, _ values: ValueTiles) -> SoftmaxSums {
    let width = values.paddedChannels
    var result = SoftmaxSums(
      offsets: Array(offsets[rows]), weights: Array(repeating: 0, count: rows.count),
      outputs: Array(repeating: 0, count: rows.count * width))
    result.outputs.withUnsafeMutableBufferPointer { out in
      result.weights.withUnsafeMutableBufferPointer { weights in
        guard let out = out.baseAddress, let weights = weights.baseAddress else { return }
        kernels.attend(
          scores: logits.row(rows.lowerBound), stride: logits.stride,
          visible: visible[rows].map { $0.clamped(to: tokens) }, offsets: result.offsets, scale: scale,
          values: values, into: out, sums: weights)
      }
    }
    return result
  }
}

/// What softmax attention is before its division, of some rows.
struct SoftmaxSums {
  /// The largest logit of every row.
  let offsets: [Float]
  /// Softmax denominators, relative to the largest logit.
  var weights: [Float]
  /// `[row][paddedChannels]`
  var outputs: [Float]

  /// Adds the sums over the tokens of the next tile.
  mutating func add(_ next: SoftmaxSums) {
    for place in weights.indices { weights[place] += next.weights[place] }
    for place in outputs.indices { outputs[place] += next.outputs[place] }
  }

  /// Of some of the rows.
  func part(_ rows: Range<Int>) -> SoftmaxSums {
    let width = outputs.count / max(weights.count, 1)
    return SoftmaxSums(
      offsets: Array(offsets[rows]), weights: Array(weights[rows]),
      outputs: Array(outputs[rows.lowerBound * width..<rows.upperBound * width]))
  }
}
