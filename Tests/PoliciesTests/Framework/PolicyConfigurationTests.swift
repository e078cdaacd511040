import Attention
import Testing

@testable import Policies

@Suite struct PolicyConfigurationTests {
  @Test func everyParameterIsListedAsText() throws {
    let configuration = try #require(PolicyGrammar.parse(["streaming-llm:sinks=8"]).first)
    #expect(
      configuration.parameters.map(\.name) == [
        "sinks", "dense-layers", "kv", "kv-chooses", "hot", "hot-order", "hot-page", "hot-start",
      ])
    #expect(configuration.parameters.map(\.value) == ["8", "0", "own", "stored", "0", "lru", "1", "first"])
  }

  @Test func equalWhereNameAndValuesAre() {
    #expect(PolicyConfiguration(Oracle.self) == PolicyConfiguration(Oracle.self))
    #expect(PolicyConfiguration(Oracle.self) != PolicyConfiguration(Random.self))
    var values = ParameterValues(defaultsOf: Oracle.descriptor)
    values["sinks"] = .integer(1)
    #expect(PolicyConfiguration(Oracle.self) != PolicyConfiguration(Oracle.self, values: values))
    #expect(Set([PolicyConfiguration(Oracle.self), PolicyConfiguration(Oracle.self)]).count == 1)
  }

  @Test(arguments: [(0, true), (1, true), (2, false), (3, false)])
  func theFirstLayersStayDense(layer: Int, isDense: Bool) throws {
    var trace = SmallTrace(positions: [9, 10])
    trace.layer = layer
    let configuration = try #require(PolicyGrammar.parse(["oracle:dense-layers=2"]).first)
    #expect(try configuration.policy(for: trace.group) is Dense == isDense)
    let answer = try trace.answer("oracle:dense-layers=2", budget: .tokens(3))
    #expect(answer.tokens.joined().map(\.count) == (isDense ? [10, 11, 10, 11] : [3, 3, 3, 3]))
  }

  /// A dense layer of FASA needs no calibration.
  @Test func aDenseLayerAsksForNothing() throws {
    var trace = SmallTrace(positions: [9])
    trace.layer = 0
    #expect(try trace.answer("fasa:dense-layers=1").work == Work())
  }
}
