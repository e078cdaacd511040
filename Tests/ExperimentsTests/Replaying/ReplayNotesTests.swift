import Foundation
import TestSupport
import Testing
import Traces

@testable import Experiments
@testable import Results

/// What a reader is told of results that are not what they seem.
@Suite struct ReplayNotesTests {
  /// Stored rows with so many undefined errors each.
  private func rows(_ undefined: [Int]) throws -> [SummaryRow] {
    let folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
    let policies = try PolicyChoice(parsing: [
      "streaming-llm:sinks=" + undefined.indices.map { "\($0 + 1)" }.joined(separator: "/")
    ])
    let prepared = try ReplayRequest(policies: policies, threads: 1).prepare(
      Trace(path: folder.path("t.zst")), budgets: .tokens([.tokens(16)]))
    let store = try ResultsStore(path: ":memory:")
    let stored = try ReplayJob(prepared, isTimed: false).run(store: store).rows
    return try zip(stored, undefined).map { row, count in
      var fields = try #require(
        try JSONSerialization.jsonObject(with: JSONEncoder().encode(row)) as? [String: Any])
      #expect(fields["outputErrorsUndefined"] as? Int == 0)
      fields["outputErrorsUndefined"] = count
      return try JSONDecoder().decode(SummaryRow.self, from: JSONSerialization.data(withJSONObject: fields))
    }
  }

  private static let start =
    "output error: undefined, and left out of the means, at steps of heads where full attention's output is zero or a policy's own sums overflow: "

  @Test func whereErrorsAreUndefinedIsTold() throws {
    #expect(UndefinedNote.notes(try rows([0, 0])) == [])
    #expect(
      UndefinedNote.notes(try rows([0, 3, 1]))
        == [Self.start + "3 of streaming-llm:sinks=2 @ 16, 1 of streaming-llm:sinks=3 @ 16"])
  }

  @Test func ofManyTheFirstFiveAreNamed() throws {
    let note = try #require(UndefinedNote.notes(try rows([1, 2, 3, 4, 5, 6, 7])).first)
    #expect(note.hasSuffix("5 of streaming-llm:sinks=5 @ 16 and in 2 more") && !note.contains("sinks=6"))
  }

  private static func rebuilt(_ label: String, same: Bool, build: String = "aaaa") -> RebuiltConfiguration {
    RebuiltConfiguration(label: label, configuration: 7, other: 3, otherBuild: build, isSame: same)
  }

  @Test func whatAnotherBuildStoredIsCompared() {
    #expect(ReplayJob.Filled().notes == [])
    let same = ReplayJob.Filled(rebuilt: [
      Self.rebuilt("quest @ 8", same: true), Self.rebuilt("h2o @ 8", same: true, build: "bbbb"),
    ])
    #expect(
      same.notes == [
        "computed by this build what another had stored (aaaa, bbbb), 2 in all, to the same bits: such as configuration:7, quest @ 8"
      ])
    let other = ReplayJob.Filled(rebuilt: [
      Self.rebuilt("quest @ 8", same: true), Self.rebuilt("h2o @ 8", same: false),
      Self.rebuilt("tova @ 8", same: false),
    ])
    #expect(
      other.notes == [
        "computed by this build what another had stored (aaaa), 3 in all, 2 to other bits, as changed code may give: such as configuration:7, h2o @ 8, which was configuration:3; both are kept"
      ])
  }
}
