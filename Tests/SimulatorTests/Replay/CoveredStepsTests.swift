import Attention
import Policies
import Testing

@testable import Simulator
@testable import Traces

/// A budget that holds all that a step sees is dense attention, for every policy that has a budget.
@Suite struct CoveredStepsTests {
  static let prompt = 40
  static let geometry = Geometry(
    layers: 4, queryHeads: 6, kvHeads: 2, headDim: 16, valueDim: 16)

  /// Every policy with its defaults, but that no layer is dense anyway, and some that wrap or round otherwise.
  static func policies() throws -> [PolicyConfiguration] {
    let texts =
      PolicyRegistry.names.filter { !["external", "tidal", "omnikv", "scored", "criticalkv"].contains($0) }
      + [
        "criticalkv:norm=value",
        "tidal:first=0,correction=2", "omnikv:filter-1=0,filter-2=0.4,filter-3=0.9", "pyramidkv:base=quest",
        "pyramidkv:base=fasa", "quest:page=7,scope=group,sinks=2,recent=3", "arkvale:scope=head,digest=mean",
        "rocketkv:page=4,ranking=sum", "fasa:cache=host", "infllm:block=9,scope=head", "h2o:scope=group",
      ]
    return try texts.flatMap { try PolicyGrammar.parse([$0]) }.filter { $0.descriptor.usesBudget }.map {
      policy in
      var values = policy.values
      if values["dense-layers"] != nil { values["dense-layers"] = .integer(0) }
      return PolicyConfiguration(policy.type, values: values)
    }
  }

  static func run(
    _ policies: [PolicyConfiguration], budget: Budget, prompt: Int = prompt, window: Int? = nil,
    in folder: TemporaryFolder
  ) throws -> ReplayResult {
    let rope = TraceMetadata.Rope(pairing: .half, base: 10_000, rotaryDim: 16)
    func hand(_ prompt: Int, _ seed: UInt64) -> HandTrace {
      HandTrace(
        prompt: prompt, decode: 12, window: 8, geometry: geometry, rope: rope,
        attention: .init(scale: 0.125, slidingWindow: window), seed: seed)
    }
    var text = hand(40, 2)
    text.metadata.text = .init(
      title: "other numbers", licence: "none", kind: "synthetic", sha256: String(repeating: "cd", count: 32))
    let other = try text.trace(in: folder, name: "other.zst")
    let profile = try LoadedProfile(
      path: folder.file(Calibration(other).run(CalibrationOptions()).encoded(), "p.json"))
    return try Replay(hand(prompt, 1).trace(in: folder)).run(
      ReplayConfiguration.grid(policies, budgets: [budget]), options: ReplayOptions(profile: profile))
  }

  /// A trace without a window, one whose window the budget covers and the context does not, and one of a few tokens.
  @Test(arguments: [(40, nil, 60), (40, 20, 20), (40, 20, 33), (3, nil, 15)] as [(Int, Int?, Int)])
  func everyPolicyIsDense(prompt: Int, window: Int?, k: Int) throws {
    let folder = try TemporaryFolder()
    let result = try Self.run(
      Self.policies(), budget: .tokens(k), prompt: prompt, window: window, in: folder)
    for configuration in result.configurations {
      let label: Comment = "\(configuration.configuration.label)"
      for head in configuration.heads {
        #expect(head[.selected] == head[.visible], label)
        for metric in [Metric.recall, .precision, .mass, .oracleMass, .massRatio] {
          #expect(head[metric].allSatisfy { $0 == 1 }, label)
        }
        #expect(
          head[.outputError].allSatisfy { $0 == 0 } && head[.oracleOutputError].allSatisfy { $0 == 0 }, label)
      }
      try Self.movesWhatDenseDoes(configuration, result, label)
    }
  }

  /// Nothing is read to choose by: what a policy keeps is written, and what an evictor keeps is carried on.
  static func movesWhatDenseDoes(
    _ configuration: ConfigurationResult, _ result: ReplayResult, _ label: Comment
  )
    throws
  {
    let dense = Dictionary(uniqueKeysWithValues: result.dense.map { ([$0.layer, $0.kvHead], $0.work) })
    let isEvicting = configuration.configuration.policy.descriptor.kind == .eviction
    let stampsPages = configuration.configuration.policy.descriptor.name == "raas"
    for group in configuration.traffic {
      let own = try #require(dense[[group.layer, group.kvHead]])
      for (kind, bytes) in group.work.bytes {
        switch kind.content {
        // Some evictors go through their keys whatever there is to evict.
        case .keys where isEvicting: #expect(bytes.written == own.bytes[kind]?.written, label)
        case .keys, .values: #expect(bytes == own.bytes[kind] && kind.pattern == .stream, label)
        // Which of its pages matter it must know of every step, since later ones drop by that.
        case .metadata where stampsPages,
          .scores where stampsPages:
          #expect(bytes != TrafficBytes(), label)
        case .metadata: #expect(bytes.readPerHead == 0 && bytes.readGroupUnion == 0, label)
        case .state: #expect(isEvicting, label)
        case .scores: Issue.record("\(label): scores were read or written")
        }
      }
    }
    if !isEvicting {
      let host = configuration.configuration.label.hasPrefix("arkvale") ? 1 : 0
      #expect(configuration.traffic.allSatisfy { ($0.residentHostBytes > 0) == (host > 0) }, label)
    }
  }

  /// Of 12 steps that see 41 to 52 tokens the first 5 are covered; the others choose as they would without them.
  @Test func someStepsAreCovered() throws {
    let folder = try TemporaryFolder()
    let policies = try Self.policies()
    let result = try Self.run(policies, budget: .tokens(45), in: folder)
    let trace = try Trace(path: folder.path("t.zst"))
    let profile = try LoadedProfile(path: folder.path("p.json"))
    let later = try Replay(trace).run(
      ReplayConfiguration.grid(policies, budgets: [.tokens(45)]),
      options: ReplayOptions(steps: 5..<12, profile: profile))
    for (configuration, alone) in zip(result.configurations, later.configurations) {
      let label: Comment = "\(configuration.configuration.label)"
      // A layer's own share of a budget covers other steps.
      let isEven = !["pyramidkv", "adakv"].contains(configuration.configuration.policy.descriptor.name)
      for (head, part) in zip(configuration.heads, alone.heads) where isEven {
        for step in 0..<5 {
          #expect(head[.selected, step] == head[.visible, step] && head[.outputError, step] == 0, label)
          #expect(head[.recall, step] == 1 && head[.mass, step] == 1, label)
          if step > 0 {
            #expect(head[.jaccardPrevious, step] == Double(40 + step) / Double(41 + step), label)
          }
        }
        #expect(
          head[.selected, 5] <= 45 || configuration.configuration.policy.descriptor.scope == .model, label)
        #expect(Array(head.choiceHashes[5...]) == part.choiceHashes, label)
        // 45 of 46 tokens against the 45 of before: all of them, or the new one in place of one.
        if head[.selected, 5] == 45 { #expect([1, 44.0 / 46].contains(head[.jaccardPrevious, 5]), label) }
      }
    }
  }
}
