import Attention
import Kernels
import Policies
import Simulator
import TestSupport
import Testing
import Traces

@testable import Live

/// What a session cannot do is refused with a reason, and changes nothing.
@Suite struct LiveRefusalTests {
  private func refusal(_ body: () throws -> Void) -> LiveError? {
    do {
      try body()
      return nil
    } catch { return error as? LiveError }
  }

  @Test func aPromptThatIsNotAsDescribedIsRefused() throws {
    let session = try LiveSessionTests.session(["dense"])
    let (model, prompt) = (session.model, LiveSessionTests.prompt)
    let numbers = LiveSessionTests.numbers(model.queryHeads * (prompt + 1) * model.valueDim, 1)
    func give(
      _ layer: Int = 0, tokens: Int = LiveSessionTests.prompt, window: Int = 0, _ queries: [Float]? = nil
    ) -> String? {
      refusal {
        try session.prompt(
          layer: layer, tokens: tokens, keys: numbers, values: numbers, window: window, queries: queries)
      }?.description
    }
    #expect(give(2) == "layer: expected from 0 to 1, found 2")
    #expect(give(-1) == "layer: expected from 0 to 1, found -1")
    #expect(give(tokens: 7) == "tokens: expected the 300 that were described, found 7")
    let window = "window: expected how many of the prompt's 300 queries are given, found "
    #expect(give(window: 16) == window + "16 and no queries")
    #expect(give(window: 301, numbers) == window + "301 and some queries")
    #expect(give(window: 0, numbers) == window + "0 and some queries")
    #expect(!session.hasPrompt)
    try LiveSessionTests.givePrompt(session)
    #expect(session.hasPrompt)
  }

  @Test func anInstructionSetThatTheProcessorLacksIsRefused() throws {
    let lacking = try #require(InstructionSet.allCases.first { !InstructionSet.available.contains($0) })
    let error = refusal {
      _ = try LiveSession(
        model: LiveSessionTests.model, configurations: LiveSessionTests.configurations(["dense"]),
        options: LiveOptions(promptTokens: 10, steps: 2, instructionSet: lacking))
    }
    #expect(error?.kind == .invalid && error?.found == lacking.rawValue)
    #expect(error?.place == "instruction set")
  }

  @Test(arguments: [
    ("external", "choices of a file", "leave it out, or replay a trace with it"),
    (
      "scored:by=index", "one that asks for an indexer's queries and keys, which the trace holds",
      "replay a trace with it"
    ),
    (
      "criticalkv",
      "one that asks for norms of projected values, or output projections, which the trace holds",
      "take norm=value"
    ),
  ])
  func aPolicyThatNeedsMoreThanTheEngineGivesIsRefused(policy: String, found: String, advice: String) throws {
    let error = refusal { _ = try LiveSessionTests.session(["dense", policy]) }
    #expect(error?.kind == .unfit && error?.found == found && error?.advice == advice)
    #expect(refusal { _ = try LiveSessionTests.session(["criticalkv:norm=value"]) } == nil)
  }

  @Test func aPolicyThatTakesABudgetNeedsOne() throws {
    let policy = try PolicyGrammar.parse(["quest"])[0]
    let error = refusal {
      _ = try LiveSession(
        model: LiveSessionTests.model, configurations: [ReplayConfiguration(policy: policy, budget: nil)],
        options: LiveOptions(promptTokens: 10, steps: 2))
    }
    #expect(error?.description == "quest: expected a budget, found none; give a count of tokens, or a share")
  }

  /// By its name, and by its shape where the name is the same.
  @Test func aProfileOfAnotherModelIsRefused() throws {
    let folder = try TemporaryFolder()
    let profile = try ReplayAgreementTests.profile(as: ReplayAgreementTests.synthetic.metadata, in: folder)
    var model = LiveSessionTests.model
    #expect(model.difference(of: profile) == "one of synthetic")
    model.name = "synthetic"
    #expect(
      model.difference(of: profile) == "one of 3 layers, 6 query heads, 2 KV heads of 16 channels")
    let error = refusal {
      _ = try LiveSession(
        model: model, configurations: LiveSessionTests.configurations(["fasa"]),
        options: LiveOptions(promptTokens: 10, steps: 2, profile: profile))
    }
    #expect(error?.kind == .unfit && error?.place == profile.path)
  }

  /// What policies are told of a model's rotation: the layer's own, the model's, or what the base gives.
  @Test func aLayersFrequenciesStandBeforeTheModels() {
    var rope = LiveModel.Rope(pairing: .half, base: 16, rotaryDim: 4)
    #expect(rope.turns(layer: 0) == [1, 0.25])
    rope.frequencies = [0.5, 0.75]
    #expect(rope.turns(layer: 1) == [0.5, 0.75])
    // Where layers differ, one that is given none has those of its base, and not the model's.
    rope.layerFrequencies = [[3, 2], nil]
    #expect(rope.turns(layer: 0) == [3, 2] && rope.turns(layer: 1) == [1, 0.25])
    rope.layerBases = [16, 4]
    #expect(rope.turns(layer: 1) == [1, 0.5])
  }

  /// Keeps the newest, and gives up at the second step.
  private struct Failing: Policy {
    static let descriptor = PolicyDescriptor(name: "failing", summary: "", kind: .selection, parameters: [])

    init(parameters: ParameterValues, group: GroupContext) {}

    func choose(_ block: QueryBlock) throws -> Selections? {
      guard block.steps.allSatisfy({ $0.index < 1 }) else {
        throw PolicyError("failing", expected: "one step", found: "another")
      }
      return nil
    }
  }

  @Test func aPolicyThatFailsAtAStepBreaksTheSessionUntilItIsRewound() throws {
    let session = try LiveSession(
      model: LiveSessionTests.model,
      configurations: [ReplayConfiguration(policy: PolicyConfiguration(Failing.self), budget: .tokens(20))],
      options: LiveOptions(promptTokens: LiveSessionTests.prompt, steps: 6))
    try LiveSessionTests.givePrompt(session)
    for _ in 0..<2 {
      try LiveSessionTests.step(session, 0, inputs: [0])
      let error = refusal { try LiveSessionTests.step(session, 1, inputs: [0]) }
      #expect(error?.kind == .unfit)
      #expect(
        error?.description == "step 1: failing: expected one step, found another; rewind the session")
      #expect(refusal { _ = try session.results() }?.kind == .outOfTurn)
      #expect(
        refusal { try LiveSessionTests.step(session, 1, inputs: [0]) }?.expected.contains("rewind") == true)
      try session.rewind()
    }
  }
}
