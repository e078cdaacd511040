import Attention
import Testing

@Suite struct BudgetTests {
  @Test(arguments: [
    ("256", Budget.tokens(256)), ("1", .tokens(1)), ("0.19", .share(0.19)), (".5", .share(0.5)),
    ("19%", .share(0.19)), ("100%", .share(1)), ("0.5%", .share(0.005)), ("18.9%", .share(0.189)),
  ])
  func reads(text: String, expected: Budget) {
    #expect(Budget(text) == expected)
  }

  @Test(arguments: [
    "", "0", "-1", "0.0", "1.0", "1.5", "-0.1", "0%", "101%", "-5%", "%", "nan", "inf", "nan%", "inf%",
    "many",
    "25 %", " 256", "1,000",
  ])
  func refuses(text: String) {
    #expect(Budget(text) == nil)
  }

  @Test(arguments: [Budget.tokens(1), .tokens(256), .share(0.189), .share(0.25), .share(1), .share(1e-9)])
  func descriptionIsReadBack(budget: Budget) {
    #expect(Budget(budget.description) == budget)
  }

  @Test func tokensAreAtLeastOneAndAtMostTheVisible() {
    #expect([1, 5, 6, 7, 100].map { Budget.tokens(6).tokens(visible: $0) } == [1, 5, 6, 6, 6])
  }

  @Test func aShareIsOfTheVisibleTokensRoundedDown() {
    #expect([1, 3, 4, 7, 8, 100].map { Budget.share(0.25).tokens(visible: $0) } == [1, 1, 1, 1, 2, 25])
    #expect([1, 7, 1000].map { Budget.share(1).tokens(visible: $0) } == [1, 7, 1000])
    #expect(Budget("18.9%")?.tokens(visible: 1000) == 189)
  }
}
