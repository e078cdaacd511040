import Testing

@testable import Policies

@Suite struct GridSizeTests {
  @Test(
    arguments: [
      ([], 1), ([3, 4], 12), ([Int.max], Int.max), ([Int.max, 1], Int.max), ([Int.max, 2], nil),
      ([1 << 32, 1 << 31], nil), ([Int.max, 2, 0], 0),
    ] as [([Int], Int?)])
  func productsAreExactOrNone(counts: [Int], size: Int?) { #expect(GridSize.product(counts) == size) }

  /// A grid one policy larger than allowed is refused by its count, one as large as allowed is read.
  @Test func gridsAreReadUpToTheLimit() throws {
    func values(_ count: Int) -> String { (1...count).map(String.init).joined(separator: "/") }
    let (a, b) = (250, 400)
    #expect(a * b == PolicyGrammar.largestGrid)
    let whole = "oracle:sinks=\(values(a)),recent=\(values(b))"
    #expect(throws: PolicyError.self) { try PolicyGrammar.parse([whole, "random"]) }
    #expect(try PolicyGrammar.parse(["oracle:sinks=\(values(a)),recent=\(values(8))"]).count == 8 * a)
  }

  @Test(
    arguments: [
      ([], ""), (["a"], "a"), (["a", "b"], "a, b"), (["a", "b", "c", "d"], "a, b and 2 more"),
    ] as [([String], String)])
  func listsAreCutShort(items: [String], text: String) { #expect(items.shortList(atMost: 2) == text) }

  @Test(
    arguments: [
      (1.9, 1), (-1.9, -1), (0, 0), (1e300, .max), (-1e300, .min), (.nan, 0), (.infinity, .max),
      (9.3e18, .max),
      (0x1p62, 1 << 62),
    ] as [(Double, Int)])
  func numbersSaturate(value: Double, whole: Int) { #expect(Int(saturating: value) == whole) }
}
