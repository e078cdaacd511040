import Attention
import Policies
import Simulator
import Testing

@testable import Live

/// Whatever is asked of a session, it answers with one error and stays as it was.
@Suite struct LiveErrorTests {
  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "accepted"
    } catch { return "\(error)" }
  }

  @Test func callsComeInTurn() throws {
    let session = try LiveSessionTests.session(["dense", "h2o"], steps: 2)
    #expect(
      message { try LiveSessionTests.step(session, 0, inputs: [0, 1]) }
        == "step: expected a prompt of all 2 layers before it, found one of 0")
    #expect(message { try session.rewind() }.hasPrefix("rewind: expected a prompt of all 2 layers"))
    try LiveSessionTests.givePrompt(session)
    #expect(
      message { try LiveSessionTests.givePrompt(session) }
        == "layer 1: expected its prompt once, found it again; open another session for another prompt")
    let numbers = LiveSessionTests.numbers(96, 1)
    var out = Array(repeating: Float(0), count: 96)
    #expect(
      message { try session.step(layer: 1, queries: numbers, keys: numbers, values: numbers, into: &out) }
        == "step 0: expected layer 0, found layer 1; give the layers in ascending order")
    try session.step(layer: 0, queries: numbers, keys: numbers, values: numbers, into: &out)
    #expect(
      message { _ = try session.results() }
        == "results: expected all layers of a step, found 1 of 2; give the others, or rewind")
    try session.step(layer: 1, queries: numbers, keys: numbers, values: numbers, into: &out)
    try LiveSessionTests.step(session, 1, inputs: [0, 1])
    #expect(
      message { try LiveSessionTests.step(session, 2, inputs: [0, 1]) }
        == "step: expected the 2 steps that were described, found one more; describe more, or rewind")
    #expect(try session.results().map(\.calls) == [4, 4])
  }

  @Test func afterAnOverflowTheSessionIsRewound() throws {
    let session = try LiveSessionTests.session(["dense"])
    try LiveSessionTests.givePrompt(session)
    let large = Array(repeating: Float(3e38), count: 96)
    var out = Array(repeating: Float(0), count: 48)
    #expect(
      message { try session.step(layer: 0, queries: large, keys: large, values: large, into: &out) }
        .contains("expected scores and outputs within 32-bit floats"))
    #expect(message { try LiveSessionTests.step(session, 0, inputs: [0]) }.contains("expected rewind"))
    try session.rewind()
    #expect(message { try LiveSessionTests.step(session, 0, inputs: [0]) } == "accepted")
  }

  @Test func theDescriptionIsChecked() throws {
    func open(_ change: (inout LiveModel) -> Void, policies: [String] = ["dense"]) -> String {
      var model = LiveSessionTests.model
      change(&model)
      return message { _ = try LiveSessionTests.session(policies, model: model) }
    }
    #expect(open { _ in } == "accepted")
    #expect(open { $0.layers = 0 } == "layers: expected from 1 to 1024, found 0")
    #expect(open { $0.kvHeads = 3 }.hasPrefix("model: expected query_heads a multiple of kv_heads"))
    #expect(open { $0.headDim = 1 << 20 }.hasPrefix("head_dim: expected from 1 to "))
    #expect(open { $0.scale = .nan } == "scale: expected a positive number, found nan")
    #expect(open { $0.rope.frequencies = [1] }.hasPrefix("rope: expected"))
    #expect(open { $0.rope.base = -1 }.hasPrefix("rope: expected"))
    #expect(open { $0.rope.layerBases = [100, 0] }.hasPrefix("rope: expected"))
    #expect(
      open { $0.rope.layerBases = [100] }
        == "rope.layer_bases: expected an entry for each of the 2 layers, found 1")
    #expect(open { $0.rope.layerBases = [100, 1] } == "accepted")
    #expect(
      open { $0.layerWindows = [nil, 0] } == "layer_windows: expected from 1 to \(Int.max), found 0")
    #expect(open { $0.layerWindows = [nil, 5] } == "accepted")
    #expect(open({ _ in }, policies: []) == "rows: expected at least one, found none")
    #expect(
      open({ _ in }, policies: ["fasa"])
        == "fasa @ 20: expected a calibration profile of tiny, found none; give one, or leave the policy out")
  }

  @Test func aPolicySaysWhatItLacks() throws {
    let session = try LiveSessionTests.session(["dense", "infinigen"])
    let model = session.model
    let keys = LiveSessionTests.numbers(model.kvHeads * LiveSessionTests.prompt * model.headDim, 1)
    let values = LiveSessionTests.numbers(model.kvHeads * LiveSessionTests.prompt * model.valueDim, 2)
    try session.prompt(layer: 0, tokens: LiveSessionTests.prompt, keys: keys, values: values)
    let found = message {
      try session.prompt(layer: 1, tokens: LiveSessionTests.prompt, keys: keys, values: values)
    }
    #expect(
      found.hasPrefix("infinigen @ 20: infinigen: expected traced queries of the prompt, found none")
    )
    #expect(
      message { try session.prompt(layer: 0, tokens: 7, keys: keys, values: values) }.contains(
        "expected its prompt once"))
  }
}
