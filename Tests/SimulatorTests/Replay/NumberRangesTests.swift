import Testing

@testable import Simulator

@Suite struct NumberRangesTests {
  @Test(arguments: [
    ("0", [0]), ("0-3,7", [0, 1, 2, 3, 7]), ("7,0-3", [0, 1, 2, 3, 7]), ("2-2", [2]), ("1,1,0-1", [0, 1]),
  ])
  func reads(text: String, numbers: [Int]) { #expect(NumberRanges.parse(text) == numbers) }

  @Test(arguments: [
    "", ",", "1,", ",1", "-", "1-", "-1", "3-1", "1-2-3", "a", "1;2", " 1", "0x1", "1.5",
    "99999999999999999999",
    "0-1000000", "0-9223372036854775807",
  ])
  func refuses(text: String) { #expect(NumberRanges.parse(text) == nil) }

  @Test(arguments: [
    ([], ""), ([4], "4"), ([0, 1], "0-1"), ([0, 1, 2, 3, 7], "0-3,7"), ([1, 3, 5], "1,3,5"),
    ([0, 5, 6], "0,5-6"),
  ])
  func writes(numbers: [Int], text: String) { #expect(NumberRanges.text(numbers) == text) }

  @Test func whatIsWrittenIsRead() {
    var random = SeededRandom(3)
    for _ in 0..<200 {
      let numbers = Set((0..<1 + random.below(12)).map { _ in random.below(20) }).sorted()
      #expect(NumberRanges.parse(NumberRanges.text(numbers)) == numbers)
    }
  }
}
