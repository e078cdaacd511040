import Foundation
import Testing

@testable import Experiments

@Suite struct OrderedJSONTests {
  struct Row: Encodable {
    let perHeadBytesShare: Double?
    let name: String
    let queryHead: Int?
    let isPaired: Bool
    let heads: [Int]
    let medianNanoseconds: Double
    let stages: [String: Double]
    let inner: Inner?
    let error: Double

    struct Inner: Encodable { let readBytesPerSecond: Double }
  }

  static let row = Row(
    perHeadBytesShare: nil, name: "a\"\n\u{1B}", queryHead: 3, isPaired: true, heads: [1, 2],
    medianNanoseconds: 1.5, stages: ["b": 1, "aB": 2], inner: nil, error: .infinity)

  /// In the order of their declaration, with null for what is not known.
  @Test func membersHaveTheDatabasesNames() throws {
    #expect(
      try OrderedJSON(Self.row).line
        == #"{"per_head_bytes_share":null,"name":"a\"\n\u001b","query_head":3,"is_paired":true,"heads":[1,2],"median_ns":1.5,"stages":{"aB":2.0,"b":1.0},"inner":null,"error":null}"#
    )
    #expect(
      try OrderedJSON(Row.Inner(readBytesPerSecond: 1e300)).line == #"{"read_bytes_per_s":1e+300}"#)
  }

  @Test(arguments: [
    ("recall", "recall"), ("perHeadBytesShare", "per_head_bytes_share"),
    ("relativeErrorP50", "relative_error_p50"),
    ("floorSeconds", "floor_s"), ("seconds", "seconds"), ("tokensPerSecond", "tokens_per_s"),
    ("policyNs", "policy_ns"),
    ("wholeModelSpeedUp", "whole_model_speedup"), ("sha256", "sha256"), ("a", "a"),
    ("query_head", "query_head"),
  ])
  func namesAreTheDatabases(property: String, name: String) { #expect(OrderedJSON.name(property) == name) }

  /// Any JSON reader reads the same, of either layout.
  @Test func itIsJSON() throws {
    for text in [try OrderedJSON([Self.row, Self.row]).line, try OrderedJSON([Self.row, Self.row]).pretty] {
      let read = try #require(
        try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
      #expect(read.count == 2 && read[1]["name"] as? String == "a\"\n\u{1B}")
      #expect(read[0]["stages"] as? [String: Double] == ["b": 1, "aB": 2])
    }
    #expect(try OrderedJSON([Int]()).pretty == "[]" && OrderedJSON([String: Int]()).pretty == "{}")
  }

  @Test func linesAreRows() throws {
    #expect(
      try RecordLines.jsonLines([Row.Inner(readBytesPerSecond: 1), .init(readBytesPerSecond: 2)])
        == "{\"read_bytes_per_s\":1.0}\n{\"read_bytes_per_s\":2.0}\n")
    #expect(try RecordLines.jsonLines([Row.Inner]()).isEmpty)
  }

  /// RFC 4180: quotes are doubled, a line end is in quotes, numbers are plain, nothing is known as nothing.
  @Test func rowsAreCSV() throws {
    #expect(
      try RecordLines.csv([Self.row])
        == "\"per_head_bytes_share\",\"name\",\"query_head\",\"is_paired\",\"heads\",\"median_ns\",\"stages\",\"inner\",\"error\"\n,\"a\"\"\n\u{1B}\",3,true,\"[1,2]\",1.5,\"{\"\"aB\"\":2.0,\"\"b\"\":1.0}\",,\n"
    )
  }
}
