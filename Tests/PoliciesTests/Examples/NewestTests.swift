import Testing

@testable import Policies

@Suite struct NewestTests {
  @Test func keepsWhatIsMostLikeTheNewestKey() throws {
    let trace = SmallTrace(heads: 2, positions: [9, 20])
    let answer = try trace.answer(PolicyConfiguration(Newest.self), budget: .tokens(4))
    for head in trace.queries.indices {
      for step in trace.steps.indices {
        let newest = trace.key(trace.steps[step].position)
        #expect(
          areBest(answer.tokens[head][step], of: Array(trace.steps[step].visible)) {
            dot(newest, trace.key($0))
          })
      }
    }
  }
}
