import Testing

@testable import Policies

@Suite struct SignsTests {
  @Test func keepsWhatTheSignsOfKeysFavour() throws {
    let trace = SmallTrace(heads: 2, positions: [9, 20])
    let answer = try trace.answer(PolicyConfiguration(Signs.self), budget: .tokens(4))
    for head in trace.queries.indices {
      for step in trace.steps.indices {
        #expect(
          areBest(answer.tokens[head][step], of: Array(trace.steps[step].visible)) { token in
            dot(trace.query(head, step), trace.key(token).map { $0 < 0 ? -1 : 1 })
          })
      }
    }
  }
}
