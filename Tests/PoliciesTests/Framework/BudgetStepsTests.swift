import Attention
import Policies
import Testing

@Suite struct BudgetStepsTests {
  @Test func aShareIsTakenAnewAtEveryStep() {
    let steps = [4, 8, 9, 12].enumerated().map { Step(index: $0, position: $1 - 1, visible: 0..<$1) }
    #expect(Budget.share(0.5).tokens(of: steps) == [2, 4, 4, 6])
    // A window of 8 tokens.
    #expect(Budget.share(0.5).tokens(of: [Step(index: 0, position: 19, visible: 12..<20)]) == [4])
  }
}
