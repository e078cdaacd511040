import Foundation
import TestSupport
import Testing

@testable import Experiments
@testable import fasa_sim

/// The best first, by what is asked for.
@Suite struct RankingTests {
  private struct Line: Decodable, Equatable {
    let label: String
    let budget: String?
    let outputError: Double?
    let weightedOutputError: Double?
    let recall: Double?
    let mass: Double?
    let perHeadBytesShare: Double?
    let groupUnionBytesShare: Double?
    let kernelSpeedup: Double?
  }

  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
  }

  /// Stored once, and shown from the database in each order.
  private func lines(_ options: String) throws -> [Line] {
    let command =
      "replay t.zst --policy random,oracle,dense,streaming-llm,twilight --budget 10,40 --no-timing --db r.db -o jsonl"
    let found = try Executable.run((command + options).split(separator: " ").map(String.init), in: folder)
    #expect(found.status == 0, "\(found.errors)")
    return try found.output.split(separator: "\n").map {
      try JSONDecoder.ofTheDatabase.decode(Line.self, from: Data($0.utf8))
    }
  }

  @Test func rowsAreInTheOrderOfTheKey() throws {
    let asked = try lines("")
    #expect(asked.count == 8)
    let keys: [(name: String, value: (Line) -> Double?, isBetterLarge: Bool)] = [
      ("output-error", \.outputError, false), ("weighted-error", \.weightedOutputError, false),
      ("recall", \.recall, true), ("mass", \.mass, true), ("bytes", \.groupUnionBytesShare, false),
    ]
    for key in keys {
      let ranked = try lines(" --sort \(key.name)")
      #expect(ranked.count == 8)
      // What no budget applies to comes after, whatever its value.
      #expect(ranked.map { $0.budget == nil } == Array(repeating: false, count: 6) + [true, true])
      for part in [ranked.prefix(6), ranked.suffix(2)] {
        let values = try part.map { try #require(key.value($0)) }
        #expect(values == values.sorted { key.isBetterLarge ? $0 > $1 : $0 < $1 }, "\(key.name)")
        let places = try part.map { line in try #require(asked.firstIndex(of: line)) }
        for (place, pair) in zip(values, values.dropFirst()).enumerated() where pair.0 == pair.1 {
          #expect(places[place] < places[place + 1], "equals in their order")
        }
      }
    }
  }

  /// Nothing was timed: what has no value stands in the order in which it was asked for.
  @Test func withoutValuesTheOrderIsThatOfTheCommand() throws {
    let asked = try lines("")
    #expect(asked.allSatisfy { $0.kernelSpeedup == nil })
    let order = asked.filter { $0.budget != nil } + asked.filter { $0.budget == nil }
    #expect(try lines(" --sort kernel") == order)
  }

  @Test func onlySoManyAreShownOfEach() throws {
    let all = try lines(" --sort output-error")
    #expect(try lines(" --top 1") == [all[0], all[6]])
    #expect(try lines(" --top 4") == Array(all.prefix(4)) + all.suffix(2))
  }

  @Test func tablesStandApart() throws {
    let found = try Executable.run(
      "replay t.zst --policy oracle,dense --budget 10 --no-timing --db :memory: --sort recall".split(
        separator: " "
      )
      .map(String.init), in: folder)
    let text = found.output
    let heading = try #require(
      text.range(of: "whatever the budget: policies that size their own sets, and bounds"))
    let (oracle, dense) = (
      try #require(text.range(of: "\noracle ")), try #require(text.range(of: "\ndense "))
    )
    #expect(oracle.lowerBound < heading.lowerBound && heading.lowerBound < dense.lowerBound)
  }
}
