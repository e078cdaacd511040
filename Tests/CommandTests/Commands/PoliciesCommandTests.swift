import Foundation
import Policies
import TestSupport
import Testing

@testable import Experiments
@testable import fasa_sim

@Suite struct PoliciesCommandTests {
  @Test func everyPolicyIsListed() throws {
    let run = try Executable.run(["policies"], in: TemporaryFolder())
    #expect(run.status == 0 && run.errors.isEmpty)
    let lines = run.output.split(separator: "\n")
    #expect(
      lines.dropFirst(2).prefix(PolicyRegistry.names.count).map { $0.prefix { $0 != " " } }.map(String.init)
        == PolicyRegistry.names)
  }

  @Test(arguments: PolicyRegistry.refused.keys.sorted()) func whatATraceCannotReplayIsRefused(name: String)
    throws
  {
    let run = try Executable.run(["replay", "t.zst", "--policy", name], in: TemporaryFolder())
    #expect(run.status == 1)
    #expect(
      run.errors.contains(
        "policy '\(name)': expected one that can be replayed from a trace, found one that cannot, since "))
  }

  @Test func jsonHoldsEveryParameter() throws {
    let run = try Executable.run(["policies", "--json"], in: TemporaryFolder())
    #expect(run.status == 0 && run.errors.isEmpty)
    let pages = try #require(
      try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [[String: Any]])
    #expect(pages.map { $0["name"] as? String } == PolicyRegistry.names)
    for (page, policy) in zip(pages, PolicyRegistry.policies) {
      let parameters = try #require(page["parameters"] as? [[String: Any]])
      #expect(parameters.map { $0["name"] as? String } == policy.descriptor.parameters.map(\.name))
      #expect(
        parameters.map { $0["default_value"] as? String }
          == policy.descriptor.parameters.map(\.defaultValue.description))
      #expect(page["uses_budget"] as? Bool == policy.descriptor.usesBudget)
    }
  }
}
