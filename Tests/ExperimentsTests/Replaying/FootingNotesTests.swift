import Policies
import Testing

@testable import Experiments

/// What policies always keep, compared.
@Suite struct FootingNotesTests {
  private func notes(_ text: String) throws -> [String] {
    FootingNotes(policies: try PolicyGrammar.parse([text])).notes.filter { $0.hasPrefix("not on equal") }
  }

  @Test func aWrapperKeepsWhatItWrapsKeeps() throws {
    #expect(try notes("streaming-llm,pyramidkv:base=streaming-llm") == [])
    #expect(
      try notes("fasa,pyramidkv:base=streaming-llm") == [
        "not on equal footing: sinks is 0 for fasa; 4 for pyramidkv:base=streaming-llm"
      ])
    // Layers are the wrapper's own.
    #expect(try notes("quest:dense-layers=1,pyramidkv:base=quest,dense-layers=1") == [])
  }

  private struct Keeping: Policy {
    static let descriptor = PolicyDescriptor(
      name: "keeping", summary: "", kind: .selection, parameters: [.sinks],
      alwaysKeeps: { "its first \($0.integer(.sinks)) pages" })

    init(parameters: ParameterValues, group: GroupContext) {}
    func choose(_ block: QueryBlock) -> Selections? { nil }
  }

  @Test func whatIsBuiltInIsSaid() throws {
    let own = PolicyConfiguration(Keeping.self)
    let fasa = try PolicyGrammar.parse(["fasa"])
    #expect(FootingNotes(policies: [own]).notes == [])
    #expect(
      FootingNotes(policies: [own] + fasa).notes.last
        == "always kept beside sinks and recent: keeping its first 0 pages")
  }
}
