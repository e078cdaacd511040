import Foundation
import Testing

@testable import Experiments

@Suite struct PackedTableTests {
  private struct Inner {
    let low: Double?
    let high: Double?
  }

  private struct Row {
    let id: Int64
    let name: String
    let isTrue: Bool
    let note: String?
    let range: Inner
  }

  private func json(_ rows: [some Any]) throws -> String { try FiniteJSON.text(PackedTable(rows), []) }

  private func row(_ id: Int64, _ name: String, _ low: Double?) -> Row {
    Row(id: id, name: name, isTrue: id > 0, note: nil, range: Inner(low: low, high: 1))
  }

  @Test func eachColumnIsWrittenTheShortestWay() throws {
    let names = ["a long name", "another name", "a long name", "another name", "a long name"]
    let rows = names.enumerated().map { row(Int64($0 + 1), $1, $0 == 2 ? nil : Double($0) + 0.5) }
    #expect(
      try json(rows) == #"""
        {"id":[1,2,3,4,5],"isTrue":[1,1,1,1,1],\#
        "name":{"at":[0,1,0,1,0],"of":["a long name","another name"]},"note":{"runs":[null,5]},\#
        "range.high":[1,1,1,1,1],"range.low":[0.5,1.5,null,3.5,4.5]}
        """#)
  }

  @Test func numbersHaveSixDigitsAndAreFinite() throws {
    let lows = [1.23456789, 123456789, 1.0 / 3e9, .infinity, .nan, 0]
    let text = try json(lows.enumerated().map { row(Int64($0), "n", $1) })
    #expect(text.contains(#""range.low":[1.23457,123457000,3.33333e-10,null,null,0]"#), "\(text)")
  }

  @Test func noRowsAreNoColumns() throws { #expect(try json([Row]()) == "{}") }
}
