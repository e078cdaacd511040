import Policies
import Testing

/// What help, parsing and documentation rely on, for every policy there is.
@Suite struct PolicyRegistryTests {
  static let descriptors = PolicyRegistry.policies.map { $0.descriptor }

  @Test func namesAreUniqueAndFound() {
    #expect(Set(PolicyRegistry.names).count == PolicyRegistry.names.count)
    for name in PolicyRegistry.names { #expect(PolicyRegistry.policy(named: name)?.descriptor.name == name) }
    #expect(PolicyRegistry.policy(named: "none") == nil)
  }

  @Test func theFrameAndFASAAreThere() {
    let expected = ["dense", "oracle", "oracle-mass", "random", "streaming-llm", "fasa"]
    #expect(Set(expected).isSubset(of: PolicyRegistry.names))
  }

  @Test(arguments: descriptors.map(\.name)) func describesItself(name: String) throws {
    let descriptor = try #require(PolicyRegistry.policy(named: name)).descriptor
    let allowed = Set("abcdefghijklmnopqrstuvwxyz0123456789-")
    #expect(!name.isEmpty && name.allSatisfy(allowed.contains))
    #expect(descriptor.summary.hasSuffix(".") && descriptor.summary.count > 20)
    // Bounds are no methods, and a file's sets and what is ours have no paper.
    let own = ["gist", "gist-pages", "remnants"]
    let hasNone = descriptor.kind == .bound || (own + ["external", "scored"]).contains(name)
    if hasNone {
      #expect(descriptor.paper == nil)
    } else {
      #expect(descriptor.paper?.hasPrefix("https://") == true)
    }
    #expect(
      descriptor.kind == .bound || ["streaming-llm", "fasa"].contains(name) || descriptor.notes.count > 60)
    #expect(Set(descriptor.parameters.map(\.name)).count == descriptor.parameters.count)
    for parameter in descriptor.parameters {
      #expect(!parameter.name.isEmpty && parameter.name.allSatisfy(allowed.contains))
      #expect(!parameter.help.isEmpty && !parameter.help.hasSuffix("."))
      // In range, and written as it is read.
      #expect(parameter.parse(parameter.defaultValue.description) == parameter.defaultValue)
    }
    if descriptor.name != "dense" { #expect(descriptor.parameters.contains { $0.name == "dense-layers" }) }
  }

  @Test func streamingLLMHasItsOwnSinks() throws {
    let sinks = StreamingLLM.descriptor.parameters.filter { $0.name == "sinks" }
    #expect(sinks.map(\.defaultValue) == [.integer(4)])
    #expect(!StreamingLLM.descriptor.parameters.contains { $0.name == "recent" })
  }

  @Test func onlyPoliciesThatSizeTheirOwnSetsIgnoreTheBudget() {
    #expect(!Dense.descriptor.usesBudget && !OracleMass.descriptor.usesBudget)
    #expect(Oracle.descriptor.usesBudget && FASA.descriptor.usesBudget && StreamingLLM.descriptor.usesBudget)
  }

  @Test func onlyFASAOfTheseNeedsACalibration() {
    #expect(FASA.descriptor.needs == [.contextualAgreement])
    #expect(Oracle.descriptor.needs.isEmpty && StreamingLLM.descriptor.needs.isEmpty)
  }
}
