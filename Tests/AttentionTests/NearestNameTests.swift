import Testing

@testable import Attention

@Suite struct NearestNameTests {
  @Test(arguments: [
    ("budget", ["budgets"]), ("trace", ["traces"]), ("polices", ["policies"]), ("xyz", []),
    ("bugdets", ["budgets"]), ("BUDGETS", ["budgets"]), ("", []),
    // Two that are as near, in their order; and what only begins a name.
    ("a100-60gb", ["a100-40gb", "a100-80gb"]), ("a100", ["a100-40gb", "a100-80gb"]),
    ("stream", ["streaming-llm"]), ("st", []),
  ])
  func theNearestNamesAreFound(text: String, nearest: [String]) {
    let names = ["traces", "policies", "budgets", "a100-40gb", "a100-80gb", "streaming-llm"]
    #expect(NearestName.of(text, among: names) == nearest)
  }

  @Test func textsThatAreLongerThanAnyNameAreNotCompared() {
    #expect(NearestName.of(String(repeating: "a", count: 1_000_000), among: ["a"]).isEmpty)
  }

  @Test func noMoreThanThreeAreNamed() {
    let names = ["ab1", "ab2", "ab3", "ab4"]
    #expect(NearestName.question("ab5", among: names) == "did you mean 'ab1', 'ab2' or 'ab3'?")
  }

  @Test func theAdviceIsTheNearestOrAll() {
    #expect(NearestName.advice(for: "qest", among: ["dense", "quest"]) == "did you mean 'quest'?")
    #expect(NearestName.advice(for: "x", among: ["dense", "quest"]) == "choose from dense, quest")
  }
}
