import Testing

@testable import Attention

@Suite struct NumberRangesTests {
  @Test(arguments: [
    ("0", [0]), ("0-3,7", [0, 1, 2, 3, 7]), ("7,0-3", [0, 1, 2, 3, 7]), ("2-2", [2]), ("1,1,0-1", [0, 1]),
  ])
  func reads(text: String, numbers: [Int]) { #expect(NumberRanges(text)?.numbers(atMost: 10) == numbers) }

  @Test(arguments: [
    "", ",", "1,", ",1", "-", "1-", "-1", "3-1", "1-2-3", "a", "1;2", " 1", "0x1", "1.5",
    "99999999999999999999", "9223372036854775807", "0-9223372036854775807", "+1", "-0", "0--1", "١", "²",
    "0-١",
  ])
  func refuses(text: String) { #expect(NumberRanges(text) == nil) }

  @Test(arguments: [
    ([], ""), ([4], "4"), ([0, 1], "0-1"), ([0, 1, 2, 3, 7], "0-3,7"), ([1, 3, 5], "1,3,5"),
    ([0, 5, 6], "0,5-6"),
  ])
  func writes(numbers: [Int], text: String) { #expect(NumberRanges.text(numbers) == text) }

  @Test func whatIsWrittenIsRead() {
    var random = SplitMix64(seed: 3)
    for _ in 0..<200 {
      let numbers = Set((0..<1 + random.below(12)).map { _ in random.below(20) }).sorted()
      #expect(NumberRanges(NumberRanges.text(numbers))?.numbers(atMost: 20) == numbers)
    }
  }

  /// Ranges of any size are kept, counted and held against what there is without a look at each number.
  @Test func largeRangesAreNotLaidOut() throws {
    let largest = "\(NumberRanges.largest)"
    let all = try #require(NumberRanges("0-\(largest)"))
    #expect(all.ranges == [0...NumberRanges.largest])
    #expect(all.count == NumberRanges.largest && all.numbers(atMost: 1_000_000) == nil)
    #expect(all.subtracting([0, 1, 5]).text() == "2-4,6-\(largest)")
    #expect(NumberRanges(Array(repeating: 0...NumberRanges.largest, count: 3)).count == NumberRanges.largest)
  }

  @Test func whatIsMissingIsToldWithinALine() throws {
    let many = NumberRanges((0..<1000).map { 2 * $0 })
    #expect(many.text(atMost: 3) == "0,2,4 and 997 more")
  }

  /// Against a count of each number.
  @Test func differencesAreThoseOfSets() {
    var random = SplitMix64(seed: 5)
    for _ in 0..<500 {
      let (a, b) = (Set((0..<8).map { _ in random.below(16) }), Set((0..<8).map { _ in random.below(16) }))
      #expect(NumberRanges(a).subtracting(Array(b)).numbers(atMost: 20) == a.subtracting(b).sorted())
    }
  }
}
