import Testing

@testable import Experiments

@Suite struct ComparisonTextTests {
  @Test(arguments: [
    (1, "1"), (8, "1; 2; 3; 4; 5; 6; 7; 8"), (9, "1; 2; 3; 4; 5; 6; 7; 8; and 1 more"),
    (1008, "1; 2; 3; 4; 5; 6; 7; 8; and 1,000 more"),
  ])
  func ofManyTextsTheFirstAreNamed(count: Int, names: String) {
    #expect(ComparisonText.names((1...count).map(String.init)) == names)
  }
}
