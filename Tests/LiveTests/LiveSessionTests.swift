import Attention
import Foundation
import Kernels
import Policies
import Simulator
import TestSupport
import Testing

@testable import Live

/// What holds of a session whatever its policies are.
@Suite struct LiveSessionTests {
  static let model = LiveModel(
    name: "tiny", geometry: Geometry(layers: 2, queryHeads: 4, kvHeads: 2, headDim: 8, valueDim: 12),
    scale: 0.3,
    rope: .init(pairing: .half, base: 10_000, rotaryDim: 8))
  static let prompt = 300

  static func configurations(_ policies: [String], _ budgets: [Budget] = [.tokens(20)]) throws
    -> [ReplayConfiguration]
  {
    try ReplayConfiguration.grid(PolicyGrammar.parse(policies), budgets: budgets)
  }

  static func session(
    _ policies: [String], threads: Int = 1, steps: Int = 6, openLoop: Bool = true, model: LiveModel = model
  ) throws -> LiveSession {
    try LiveSession(
      model: model, configurations: configurations(policies),
      options: LiveOptions(
        promptTokens: prompt, steps: steps, element: .f32, threads: threads, measuresOpenLoop: openLoop))
  }

  /// Numbers of their own for every part of a run.
  static func numbers(_ count: Int, _ seed: Int) -> [Float] {
    var draws = SplitMix64(seed: UInt64(seed))
    return (0..<count).map { _ in Float(draws.below(2001) - 1000) / 700 }
  }

  /// As replays of the model's traces: of 8 channels, 8 and SparQ's 32 are all.
  @Test func oneBehaviourHasOneLabel() throws {
    let session = try Self.session(["sparq:channels=8", "sparq:channels=2", "dense"])
    #expect(session.configurations.map(\.label) == ["sparq @ 20", "sparq:channels=2 @ 20", "dense"])
  }

  static func givePrompt(_ session: LiveSession) throws {
    let model = session.model
    for layer in (0..<model.layers).reversed() {
      try session.prompt(
        layer: layer, tokens: prompt, keys: numbers(model.kvHeads * prompt * model.headDim, 10 + layer),
        values: numbers(model.kvHeads * prompt * model.valueDim, 20 + layer), window: 16,
        queries: numbers(model.queryHeads * 16 * model.headDim, 30 + layer))
    }
  }

  /// Inputs of a row, which differ from row to row as a model's do after the first step.
  @discardableResult
  static func step(_ session: LiveSession, _ step: Int, inputs: [Int]) throws -> [[Float]] {
    let model = session.model
    return try (0..<model.layers).map { layer in
      func all(_ width: Int, _ part: Int) -> [Float] {
        inputs.flatMap { numbers(width, 1000 * ($0 + 1) + 100 * part + 10 * step + layer) }
      }
      var out = Array(repeating: Float(0), count: inputs.count * model.queryHeads * model.valueDim)
      try session.step(
        layer: layer, queries: all(model.queryHeads * model.headDim, 1),
        keys: all(model.kvHeads * model.headDim, 2),
        values: all(model.kvHeads * model.valueDim, 3), into: &out)
      return out
    }
  }

  private func run(_ session: LiveSession, inputs: [Int], steps: Int = 6) throws -> [[[Float]]] {
    try (0..<steps).map { try Self.step(session, $0, inputs: inputs) }
  }

  static let policies = [
    "dense", "streaming-llm:sinks=2", "quest:page=8", "h2o", "knorm", "pqcache", "tova", "random",
  ]

  /// A row by itself gives the bits that it gives among others, whatever the threads.
  @Test(arguments: [1, 2, 5]) func aRowAloneIsItselfInTheBatch(threads: Int) throws {
    let whole = try Self.session(Self.policies, threads: threads)
    try Self.givePrompt(whole)
    let all = try run(whole, inputs: Array(Self.policies.indices))
    let results = try whole.results()
    let width = Self.model.queryHeads * Self.model.valueDim
    for (row, policy) in Self.policies.enumerated() {
      let alone = try Self.session([policy])
      try Self.givePrompt(alone)
      let own = try run(alone, inputs: [row])
      #expect(own == all.map { $0.map { Array($0[row * width..<(row + 1) * width]) } }, "\(policy)")
      let isSame = try alone.results()[0].own.heads.bits == results[row].own.heads.bits
      #expect(isSame, "\(policy)")
    }
  }

  @Test func rewindingGivesTheSameAgain() throws {
    let session = try Self.session(Self.policies)
    try Self.givePrompt(session)
    let inputs = Array(Self.policies.indices)
    let first = try run(session, inputs: inputs)
    let digests = try session.results().map(\.own.choicesDigest)
    try session.rewind()
    #expect(try session.results().allSatisfy { $0.calls == 0 })
    #expect(try run(session, inputs: inputs) == first)
    #expect(try session.results().map(\.own.choicesDigest) == digests)
  }

  /// Softmax attention over all that came, in 64 bits.
  @Test func aDenseRowIsFullAttention() throws {
    let session = try Self.session(["dense"])
    try Self.givePrompt(session)
    let model = Self.model
    let outputs = try run(session, inputs: [0], steps: 4)
    for layer in 0..<model.layers {
      let keys = Self.numbers(model.kvHeads * Self.prompt * model.headDim, 10 + layer)
      let values = Self.numbers(model.kvHeads * Self.prompt * model.valueDim, 20 + layer)
      for head in 0..<model.queryHeads {
        let group = head / model.groupSize
        func rows(_ all: [Float], _ width: Int) -> [[Double]] {
          (0..<Self.prompt).map { token in
            (0..<width).map { Double(all[(group * Self.prompt + token) * width + $0]) }
          }
        }
        var (k, v) = (rows(keys, model.headDim), rows(values, model.valueDim))
        for step in 0..<4 {
          func new(_ width: Int, _ part: Int, _ place: Int) -> [Double] {
            let heads = part == 1 ? model.queryHeads : model.kvHeads
            let all = Self.numbers(heads * width, 1000 + 100 * part + 10 * step + layer)
            return all[place * width..<(place + 1) * width].map { Double($0) }
          }
          k.append(new(model.headDim, 2, group))
          v.append(new(model.valueDim, 3, group))
          let query = new(model.headDim, 1, head)
          let logits = k.map { zip($0, query).reduce(0) { $0 + $1.0 * $1.1 } * model.scale }
          let weights = logits.map { exp($0 - (logits.max() ?? 0)) }
          let sum = weights.reduce(0, +)
          for channel in 0..<model.valueDim {
            let expected = zip(weights, v).reduce(0) { $0 + $1.0 * $1.1[channel] } / sum
            let found = Double(outputs[step][layer][head * model.valueDim + channel])
            #expect(abs(found - expected) < 1e-5)
          }
        }
      }
    }
  }

  /// A policy asked about row 0's inputs is told what it would be told in row 0's place.
  @Test func openLoopIsWhatAReplayOfRowZeroSees() throws {
    let session = try Self.session(["dense", "streaming-llm:sinks=2", "quest:page=8"], threads: 2)
    try Self.givePrompt(session)
    try Self.step(session, 0, inputs: [0, 1, 2])
    try Self.step(session, 1, inputs: [0, 1, 2])
    let same = try Self.session(["dense", "streaming-llm:sinks=2", "quest:page=8"])
    try Self.givePrompt(same)
    try Self.step(same, 0, inputs: [0, 0, 0])
    try Self.step(same, 1, inputs: [0, 0, 0])
    for (mixed, own) in zip(try session.results(), try same.results()) {
      let isSame = mixed.openLoop?.heads.bits == own.own.heads.bits
      #expect(isSame)
    }
  }
}
