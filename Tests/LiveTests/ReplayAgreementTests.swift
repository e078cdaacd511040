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

  static func profile(in folder: TemporaryFolder) throws -> LoadedProfile {
    try SyntheticTrace(prompt: 150, decode: 6, window: 20, geometry: geometry, seed: 8)
      .write(to: folder.path("other.zst"))
    let profile = try Calibration(Trace(path: folder.path("other.zst"))).run(CalibrationOptions())
    return try LoadedProfile(path: folder.file(profile.encoded(), "p.json"))
  }

  static func configurations() throws -> [ReplayConfiguration] {
    let policies = try PolicyGrammar.parse([
      "dense", "all", "tidal:first=0,correction=2", "omnikv:filter-1=0,filter-2=0.4,filter-3=0.9",
      "adakv:window=8", "tova:sinks=2", "quest:page=7", "infllm:block=5",
    ]).filter { !["tidal", "omnikv"].contains($0.label) }
    return try ReplayConfiguration.grid(policies, budgets: [.tokens(9), .share(0.3), .tokens(154)])
  }

  @Test(arguments: [1, 3]) func everyPolicyChoosesAlike(threads: Int) throws {
    let folder = try TemporaryFolder()
    try Self.synthetic.write(to: folder.path("a.zst"))
    let trace = try Trace(path: folder.path("a.zst"))
    let profile = try Self.profile(in: folder)
    let configurations = try Self.configurations()
    let replayed = try Replay(trace).run(configurations, options: ReplayOptions(profile: profile))
    let feed = try TraceFeed(trace)
    let session = try LiveSession(
      model: feed.model, configurations: configurations,
      options: feed.options(threads: threads, profile: profile))
    try feed.givePrompt(session)
    try feed.run(session)
    for (result, expected) in zip(try session.results(), replayed.configurations) {
      let label = expected.configuration.label
      #expect(result.calls == 3 * 9, "\(label)")
      // Compared apart from the expectations, which would print every number.
      let differing = zip(result.own.heads, expected.heads).flatMap { own, expected in
        (0..<9).filter { own.choiceHashes[$0] != expected.choiceHashes[$0] }
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
