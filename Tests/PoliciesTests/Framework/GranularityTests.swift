import Attention
import Testing

@testable import Policies

/// Choices that are coarser than a policy's own: what descriptors offer, and what engines stand for.
@Suite struct GranularityTests {
  /// Each policy with each way to choose coarser that its descriptor offers.
  static let offered: [String] = PolicyRegistry.policies.flatMap { type -> [String] in
    let descriptor = type.descriptor
    guard descriptor.isCoarsened else { return [] }
    let scopes = descriptor.ranks.layerScopes.map { "\(descriptor.name):scope=\($0)" }
    return descriptor.frame.contains { $0.name == "page" } ? scopes + ["\(descriptor.name):page=4"] : scopes
  }

  /// A descriptor that offers what the policy cannot do would end a replay half-way.
  @Test(arguments: offered) func whatIsOfferedCanBeDone(text: String) throws {
    guard let policy = try? PolicyGrammar.parse([text])[0] else {
      #expect(
        ["sparq", "retroinfer", "gist"].contains { text.hasPrefix($0) }, "refused before it runs: \(text)")
      return
    }
    let tokens = try PolicyPropertyTests.trace().answer(text).tokens
    #expect(tokens.allSatisfy { $0.allSatisfy { !$0.isEmpty } })
    if policy.granularity.sharing != .own { #expect(Set(tokens).count == 1, "one set for all heads") }
  }

  @Test(arguments: ["random", "clusterkv", "rocketkv"])
  func whatRanksNothingIsOfferedUnionsAlone(name: String) throws {
    let descriptor = try #require(PolicyRegistry.policy(named: name)).descriptor
    #expect(descriptor.ranks == .nothing)
    #expect((try? PolicyGrammar.parse(["\(name):scope=layer"])) == nil)
    let policy = try #require(PolicyGrammar.parse(["\(name):scope=union"]).first)
    #expect(policy.granularity.sharing == .union)
  }

  @Test func whatCorrectsItsOutputIsRefusedWhereItIsRead() throws {
    let error = #expect(throws: PolicyError.self) { _ = try PolicyGrammar.parse(["sparq:scope=layer"]) }
    #expect(error?.found == "a correction for those that this policy chose")
    #expect(try PolicyGrammar.parse(["sparq:scope=layer,mean-values=off"])[0].granularity.sharing == .layer)
  }

  @Test(
    arguments: [
      ("oracle", .sglang, "oracle:scope=layer,page=64"),
      ("quest", .sglang, "quest:page=64,scope=layer"), ("quest", .vllm, "quest:scope=layer"),
      ("quest", .tensorRT, "quest:page=4,scope=group"), ("fasa:scope=group", .vllm, "fasa:scope=group"),
      ("loki:page=8", .sglang, "loki:scope=layer,page=8"), ("rocketkv", .tensorRT, "rocketkv:page=4"),
      // Evictors, what draws its tokens and what corrects its output.
      ("h2o", .sglang, "h2o"), ("raas", .sglang, "raas"), ("random", .sglang, "random"),
      ("sparq", .vllm, "sparq"), ("dense", .vllm, "dense"),
    ] as [(String, ServingEngine, String)])
  func enginesChooseCoarser(text: String, engine: ServingEngine, expected: String) throws {
    #expect(try PolicyGrammar.parse([text])[0].served(by: engine).label == expected)
  }
}
