import Kernels

/// The last queries of a layer, met by its keys as if all of them stood where the newest does.
///
/// OmniKV's released code keeps hidden states and makes queries of them anew at every step, all rotated to that step's
/// position; their softmax is over the prompt alone (modeling/omnikv.py). Here queries are turned back to position 0, and on.
struct TurnedWindow {
  private let size: Int
  private let rotation: Rotation
  /// At position 0, oldest first: `[query][KV head][query head of the group · channel]`.
  private var queries: [[[Float]]] = []

  init(size: Int, group: GroupContext) {
    self.size = size
    rotation = Rotation(group)
  }

  /// Takes the prompt's last queries.
  mutating func observe(_ prompts: [PromptView]) {
    let heads = prompts.map { prompt in
      var queries: [[Float]] = []
      prompt.eachBlock(last: size) { block in
        queries += block.steps.indices.map { block.unrotatedQueries(step: $0, rotation) }
      }
      return queries
    }
    queries = (heads.first ?? []).indices.map { query in heads.map { $0[query] } }
  }

  /// Takes a step's queries.
  mutating func add(_ blocks: [QueryBlock], step: Int) {
    queries.append(blocks.map { $0.unrotatedQueries(step: step, rotation) })
    if queries.count > size { queries.removeFirst(queries.count - size) }
  }

  /// Of each query, oldest first, the largest attention of the layer's heads to each token that a step sees, `[query][token]`:
  /// over the prompt's tokens before the window it sums to 1 per head, and later tokens are measured by the same.
  func attention(_ blocks: [QueryBlock], step: Int) -> [[Float]] {
    guard let first = blocks.first else { return [] }
    let now = first.steps[step]
    let decoded = now.position - first.group.promptTokens + 1
    let end = first.group.promptTokens - max(0, size - decoded)
    let prompt = now.visible.clamped(to: 0..<max(0, end))
    var result = queries.map { _ in Array(repeating: Float(0), count: now.visible.upperBound) }
    for (place, block) in blocks.enumerated() {
      let scores = scores(block, place: place, at: now)
      for row in 0..<scores.rows {
        let weights = weights(scores.row(row), block, now.visible, over: prompt)
        let query = row / block.group.groupSize
        for (token, weight) in zip(now.visible, weights) {
          result[query][token] = max(result[query][token], weight)
        }
      }
    }
    return result
  }

  /// Scores of a KV head's window, a row for each query and head of the group: its queries meet the keys together, in a pass
  /// beside that of attending.
  private func scores(_ block: QueryBlock, place: Int, at step: Step) -> ScoreMatrix {
    let (d, heads) = (block.group.headDim, block.group.groupSize)
    let turned = FloatBuffer(count: queries.count * heads * d)
    for (index, query) in queries.enumerated() {
      for head in 0..<heads {
        let out = turned.pointer + (index * heads + head) * d
        for c in 0..<d { out[c] = query[place][head * d + c] }
        rotation.turn(out, by: step.position)
      }
    }
    return block.scores(by: turned, rows: queries.count * heads, at: step)
  }

  /// Weights of the visible tokens of a row of scores, of which those of `normalising` sum to 1.
  private func weights(
    _ scores: UnsafePointer<Float>, _ block: QueryBlock, _ visible: Range<Int>, over normalising: Range<Int>
  ) -> [Float] {
    let logits = block.logits(of: visible.map { scores[$0] })
    var weights = Array(repeating: Float(0), count: logits.count)
    logits.withUnsafeBufferPointer { logits in
      weights.withUnsafeMutableBufferPointer { weights in
        guard let start = weights.baseAddress else { return }
        // The largest of all, so that no weight overflows.
        block.kernels.exponentials(logits, offset: block.kernels.maximum(logits), scale: 1, into: start)
      }
    }
    let range = normalising.isEmpty ? visible : normalising
    let sum = range.reduce(0.0) { $0 + Double(weights[$1 - visible.lowerBound]) }
    let unit = Float(max(sum, 1e-30))
    return weights.map { $0 / unit }
  }
}
