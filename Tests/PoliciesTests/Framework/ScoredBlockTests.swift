import Testing

@testable import Policies

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct ScoredBlockTests {
  static let trace = SmallTrace(heads: 3, positions: [3, 9, 20, 21], window: 15)

  @Test func spanIsAllThatAnyStepSees() throws {
    #expect(try Self.trace.block().span == 0..<22)
    #expect(try Self.trace.block(2..<4).span == 6..<22)
    #expect(try Self.trace.block().rows == 12)
  }

  @Test func fullScoresAreUnscaledProducts() throws {
    let block = try Self.trace.block()
    try check(block.fullScores(), block) { Self.trace.score(head: $0, step: $1, token: $2) }
  }

  @Test func partialScoresTakeEachHeadsOwnChannels() throws {
    let channels: [[Int32]] = [[0, 4], [1, 2, 3], []]
    let block = try Self.trace.block()
    try check(block.scores(channels: channels), block) { head, step, token in
      Self.trace.score(head: head, step: step, token: token, channels: channels[head].map(Int.init))
    }
  }

  @Test func aProductIsComputedOnce() throws {
    let block = try Self.trace.block()
    #expect(block.fullScores() === block.fullScores())
    #expect(block.attentionWeights() === block.attentionWeights())
    let channels: [[Int32]] = [[0], [1], [2]]
    #expect(block.scores(channels: channels) === block.scores(channels: channels))
    #expect(block.scores(channels: channels) !== block.fullScores())
  }

  /// A choice that was asked for before is not mistaken for another budget, guard or matrix.
  @Test func choicesDependOnAllTheyWereAskedWith() throws {
    let block = try Self.trace.block()
    let full = block.fullScores()
    for (k, guarded) in [
      (2, Guard()), (3, Guard()), (3, Guard(sinks: 1)), (3, Guard(recent: 1)), (2, Guard()),
    ] {
      let budgets = [Int](repeating: k, count: block.rows)
      let chosen = block.best(full, budgets: budgets, guarded: guarded)
      for row in 0..<block.rows {
        let (head, step) = (row / 4, row % 4)
        let expected = Self.trace.best(step: step, k, sinks: guarded.sinks, recent: guarded.recent) {
          Self.trace.score(head: head, step: step, token: $0)
        }
        #expect(chosen[row].map(Int.init) == expected)
      }
    }
    let partial = block.scores(channels: [[0], [0], [0]])
    let chosen = block.best(partial, budgets: [Int](repeating: 2, count: block.rows))
    #expect(
      chosen[2].map(Int.init)
        == Self.trace.best(step: 2, 2) { Self.trace.score(head: 0, step: 2, token: $0, channels: [0]) })
  }

  @Test(arguments: [nil, Float(5)]) func weightsAreUnnormalisedSoftmaxOverTheVisible(cap: Float?) throws {
    var trace = Self.trace
    trace.logitSoftcap = cap
    let block = try trace.block()
    let weights = block.attentionWeights()
    for row in 0..<block.rows {
      let visible = trace.steps[row % 4].visible
      let logits = (0..<weights.stride).map { token -> Double in
        guard visible.contains(token) else { return -.infinity }
        let logit = Double(trace.score(head: row / 4, step: row % 4, token: token)) * Double(trace.scale)
        return cap.map { Double($0) * tanh(logit / Double($0)) } ?? logit
      }
      let largest = logits.max() ?? 0
      for token in visible {
        let expected = exp(logits[token] - largest)
        let found = Double(weights.row(row)[token])
        #expect((found - expected).magnitude < 1e-5)
      }
    }
  }

  private func check(_ matrix: ScoreMatrix, _ block: ScoredBlock, _ expected: (Int, Int, Int) -> Int) throws {
    for head in 0..<3 {
      for step in block.steps.indices {
        for token in block.steps[step].visible {
          #expect(matrix.row(block.row(head: head, step: step))[token] == Float(expected(head, step, token)))
        }
      }
    }
  }
}
