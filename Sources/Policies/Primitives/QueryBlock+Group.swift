import Kernels

extension QueryBlock {
  /// Visible tokens, summed over the steps.
  public var visibleTokens: Int { steps.reduce(0) { $0 + $1.visible.count } }

  /// k of a step of the block.
  func budget(of step: Step) -> Int {
    steps.firstIndex { $0.position == step.position }.map { budgets[$0] } ?? step.visible.count
  }

  /// A query of every row made from the row's own: `[rows][width]`.
  func derivedQueries(
    width: Int,
    _ fill: (_ row: Int, _ query: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>) -> Void
  ) -> FloatBuffer {
    let result = FloatBuffer(count: rows * width)
    for row in 0..<rows { fill(row, query(row), result.pointer + row * width) }
    return result
  }

  /// Every row the sum of its group's rows, in ascending order of query heads: one set per KV head.
  public func summedOverGroup(_ matrix: ScoreMatrix) -> ScoreMatrix {
    let result = makeMatrix()
    for step in steps.indices {
      let first = result.row(step)
      for head in 0..<group.groupSize {
        let source = matrix.row(row(head: head, step: step))
        for token in steps[step].visible {
          first[token] = head == 0 ? source[token] : first[token] + source[token]
        }
      }
      for head in 1..<max(group.groupSize, 1) {
        result.row(row(head: head, step: step)).update(from: first, count: result.stride)
      }
    }
    return result
  }

  /// Every row all that its step sees.
  func everything() -> Selections {
    var result = Selections()
    for row in 0..<rows { result.appendRow(visible(row)) }
    return result
  }
}

extension [[Float]] {
  /// Sum of rows of one length, in order.
  var summed: [Float] {
    guard var result = first else { return [] }
    for row in dropFirst() { for i in result.indices { result[i] += row[i] } }
    return result
  }
}
