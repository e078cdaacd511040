import Attention
import Testing

@testable import Simulator

/// What a range asks for that is not there is told, however many numbers that are.
@Suite struct NumberRangesMembersTests {
  @Test func whatIsThereIsGiven() throws {
    #expect(try NumberRanges("1-2,7")?.members(of: [0, 1, 2, 7], what: "layer", path: "t.zst") == [1, 2, 7])
  }

  @Test func largeRangesAreNotLaidOut() throws {
    let largest = NumberRanges.largest
    let error = #expect(throws: ReplayError.self) {
      try NumberRanges("1,3-\(largest)")?.members(of: [0, 1, 2], what: "layer", path: "t.zst")
    }
    #expect(
      error?.description == "t.zst: expected layers among its 0-2, found 3-\(largest); choose among those")
  }

  @Test func whatIsMissingIsToldWithinALine() throws {
    let many = NumberRanges((0..<1000).map { 2 * $0 })
    let error = #expect(throws: ReplayError.self) { try many.members(of: [0], what: "layer", path: "t") }
    #expect(try #require(error).description.count < 200)
  }
}
