import Foundation
import Pricing
import Testing

@testable import Experiments

@Suite struct QuotedCSVTests {
  private func fields(_ text: String) throws -> [[String]] {
    try QuotedCSV(Data(text.utf8), file: "t.csv").lines.map(\.fields)
  }

  @Test(arguments: [
    ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]), ("a,b\r\n1,2", [["a", "b"], ["1", "2"]]),
    ("\"a,\"\"b\"\"\",c\n", [["a,\"b\"", "c"]]), ("# note\n\na, b \n", [["a", "b"]]),
    ("\"#a\",\n", [["#a", ""]]), ("a,#b\n", [["a", "#b"]]), ("\"a\nb\",c\n", [["a\nb", "c"]]), ("", []),
    ("\"\"\n", [[""]]),
  ])
  func linesAreRead(text: String, expected: [[String]]) throws {
    #expect(try fields(text) == expected)
  }

  @Test func linesKnowWhereTheyBegin() throws {
    let lines = try QuotedCSV(Data("a\n\n# note\n\"b\nc\"\nd\n".utf8), file: "t.csv").lines
    #expect(lines.map(\.number) == [1, 4, 6])
  }

  @Test func anOpenQuoteIsNamed() throws {
    let error = #expect(throws: PricingError.self) { try fields("a\n\"b\nc\n") }
    #expect(error?.place == "t.csv:2")
    #expect(throws: PricingError.self) { try QuotedCSV(Data([0xFF, 0xFE, 0x41]), file: "t.csv") }
  }
}
