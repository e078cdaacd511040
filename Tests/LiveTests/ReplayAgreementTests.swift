import Attention
import Kernels
import Policies
import Simulator
import TestSupport
import Testing
import Traces

@testable import Live

/// A live session chooses, token for token, what a replay of the same queries, keys and values chooses.
@Suite struct ReplayAgreementTests {
  static let geometry = Geometry(layers: 3, queryHeads: 6, kvHeads: 2, headDim: 16, valueDim: 24)
  static let synthetic = SyntheticTrace(prompt: 150, decode: 9, window: 20, geometry: geometry, seed: 5)

  /// Layers that see and rotate unlike each other.
  static func mixed(in folder: TemporaryFolder) throws -> Trace {
    var model = synthetic.metadata
    model.attention.layerWindows = .list([nil, 60, nil])
    model.rope.layerBases = .list([10_000, 300, 10_000])
    return try turning(synthetic, as: model, "mixed.zst", in: folder)
  }

  /// A synthetic trace that says another model's rotation and windows.
  private static func turning(
    _ synthetic: SyntheticTrace, as model: TraceMetadata, _ name: String, in folder: TemporaryFolder
  ) throws -> Trace {
    var metadata = synthetic.metadata
    (metadata.rope, metadata.attention) = (model.rope, model.attention)
    let writer = try TraceWriter(
      path: folder.path(name), metadata: metadata, tokenIDs: synthetic.tokenIDs,
      queryPositions: synthetic.queryPositions, elementType: synthetic.elementType,
      hasPromptAttention: synthetic.hasPromptAttention, hasOutput: synthetic.hasOutput)
    for layer in 0..<geometry.layers {
      guard let tensors = synthetic.layer(layer) else { continue }
      try writer.write(tensors)
    }
    try writer.finish()
    return try Trace(path: folder.path(name))
  }

  /// Of other tokens of the same model.
  static func profile(as model: TraceMetadata, in folder: TemporaryFolder) throws -> LoadedProfile {
    let other = SyntheticTrace(prompt: 150, decode: 6, window: 20, geometry: geometry, seed: 8)
    let profile = try Calibration(turning(other, as: model, "other.zst", in: folder))
      .run(CalibrationOptions())
    return try LoadedProfile(path: folder.file(profile.encoded(), "p.json"))
  }

  static func configurations() throws -> [ReplayConfiguration] {
    let policies = try PolicyGrammar.parse([
      "dense", "all", "tidal:first=0,correction=2", "omnikv:filter-1=0,filter-2=0.4,filter-3=0.9",
      "adakv:window=8", "tova:sinks=2", "quest:page=7", "infllm:block=5", "fasa:scope=layer",
      "quest:dense-layers=1,scope=union-cut", "oracle:scope=union", "loki:page=4", "oracle:reuse=1",
      "fasa:scope=layer,reuse=0+2", "quest:page=7,dense-layers=1,reuse=0",
      "criticalkv:norm=value",
    ]).filter { !["tidal", "omnikv", "scored", "criticalkv"].contains($0.label) }
    return try ReplayConfiguration.grid(policies, budgets: [.tokens(9), .share(0.3), .tokens(154)])
  }

  @Test(arguments: [1, 3]) func everyPolicyChoosesAlike(threads: Int) throws {
    let folder = try TemporaryFolder()
    try Self.synthetic.write(to: folder.path("a.zst"))
    try choosesAlike(Trace(path: folder.path("a.zst")), threads: threads, in: folder)
  }

  @Test func soItDoesWhereLayersDiffer() throws {
    let folder = try TemporaryFolder()
    let trace = try Self.mixed(in: folder)
    #expect((0..<3).map { trace.metadata.slidingWindow(layer: $0) } == [nil, 60, nil])
    try choosesAlike(trace, threads: 2, in: folder)
  }

  @Test(arguments: CacheFormat.allCases.filter { $0 != .kivi4 && $0 != .kivi2 })
  func soItDoesWhereTheCacheStoresFewerBits(format: CacheFormat) throws {
    let folder = try TemporaryFolder()
    let geometry = Geometry(layers: 2, queryHeads: 4, kvHeads: 2, headDim: 64, valueDim: 64)
    try SyntheticTrace(prompt: 90, decode: 5, window: 20, geometry: geometry, seed: 3)
      .write(to: folder.path("a.zst"))
    let policies = try PolicyGrammar.parse([
      "dense", "oracle", "oracle:kv-chooses=exact", "quest:dense-layers=0", "h2o", "tova", "sparq",
      "magicpig",
    ])
    try choosesAlike(
      Trace(path: folder.path("a.zst")),
      ReplayConfiguration.grid(policies.map { $0.stored(as: format) } + policies, budgets: [.tokens(12)]),
      profile: nil, threads: 2)
  }

  /// The prompt's attention, summed over queries that nobody traced, decides what is dropped: without it the choices are others.
  @Test func soItDoesWhereThePromptsAttentionIsHandedOver() throws {
    let folder = try TemporaryFolder()
    func trace(_ name: String, hasPromptAttention: Bool) throws -> Trace {
      try SyntheticTrace(
        prompt: 150, decode: 9, window: 0, geometry: Self.geometry, hasPromptAttention: hasPromptAttention,
        seed: 5
      ).write(to: folder.path(name))
      return try Trace(path: folder.path(name))
    }
    let given = try trace("a.zst", hasPromptAttention: true)
    let configurations = try ReplayConfiguration.grid(
      PolicyGrammar.parse(["h2o"]), budgets: [.tokens(9), .share(0.3)])
    try choosesAlike(given, configurations, profile: nil, threads: 2)
    let digests = try [given, trace("b.zst", hasPromptAttention: false)].map {
      try Replay($0).run(configurations, options: ReplayOptions()).configurations.map(\.digest)
    }
    #expect(digests[0][0] != digests[1][0] && digests[0][1] != digests[1][1])
  }

  @Test func aFormatThatKeepsTheNewestExactIsRefused() throws {
    let feed = LiveSessionTests.model
    let error = #expect(throws: LiveError.self) {
      _ = try LiveSession(
        model: feed,
        configurations: ReplayConfiguration.grid(
          PolicyGrammar.parse(["dense:kv=kivi2"]), budgets: [.tokens(4)]),
        options: LiveOptions(promptTokens: 10, steps: 2))
    }
    #expect(error?.found == "kv=kivi2, which keeps the newest exact for a while")
  }

  @Test(arguments: ["oracle:hot=8", "oracle:lag=1"]) func whatOnlyAReplayCanTellIsRefused(policy: String)
    throws
  {
    let error = #expect(throws: LiveError.self) {
      _ = try LiveSession(
        model: LiveSessionTests.model,
        configurations: ReplayConfiguration.grid(PolicyGrammar.parse([policy]), budgets: [.tokens(4)]),
        options: LiveOptions(promptTokens: 10, steps: 2))
    }
    #expect(error?.place == policy + " @ 4")
  }

  @Test func aProfileThatRotatesOtherwiseIsRefused() throws {
    let folder = try TemporaryFolder()
    let trace = try Self.mixed(in: folder)
    let profile = try Self.profile(as: Self.synthetic.metadata, in: folder)
    let feed = try TraceFeed(trace)
    let error = #expect(throws: LiveError.self) {
      _ = try LiveSession(
        model: feed.model, configurations: Self.configurations(), options: feed.options(profile: profile))
    }
    #expect(error?.found == "0.31622776 radians a token in place of 0.4901848 in layer 1, chunk 1")
  }

  private func choosesAlike(_ trace: Trace, threads: Int, in folder: TemporaryFolder) throws {
    try choosesAlike(
      trace, Self.configurations(), profile: Self.profile(as: trace.metadata, in: folder), threads: threads)
  }

  private func choosesAlike(
    _ trace: Trace, _ configurations: [ReplayConfiguration], profile: LoadedProfile?, threads: Int
  ) throws {
    let (layers, steps) = (trace.metadata.geometry.layers, trace.metadata.tokens.decode)
    let replayed = try Replay(trace).run(configurations, options: ReplayOptions(profile: profile))
    let feed = try TraceFeed(trace)
    let session = try LiveSession(
      model: feed.model, configurations: configurations,
      options: feed.options(threads: threads, profile: profile))
    try feed.givePrompt(session)
    try feed.run(session)
    for (result, expected) in zip(try session.results(), replayed.configurations) {
      let label = expected.configuration.label
      #expect(result.calls == layers * steps, "\(label)")
      // Compared apart from the expectations, which would print every number.
      let differing = zip(result.own.heads, expected.heads).flatMap { own, expected in
        (0..<steps).filter { own.choiceHashes[$0] != expected.choiceHashes[$0] }
          .map { "layer \(own.layer), head \(own.queryHead), step \($0)" }
      }
      #expect(differing.isEmpty, "\(label): \(differing.prefix(4)) of \(differing.count)")
      let isSame = result.own.heads.bits == expected.heads.bits
      #expect(isSame, "\(label)")
      var work = Work()
      for group in expected.traffic { work.merge(group.work) }
      #expect(result.own.work.bytes == work.bytes, "\(label)")
      // All rows have the same inputs here, so that asking about row 0's is asking about one's own.
      #expect(result.openLoop?.choicesDigest == result.own.choicesDigest, "\(label)")
    }
  }
}
