import Policies
import Results
import TestSupport
import Testing
import Traces

@testable import Experiments

/// A program's own policy is replayed like those of the registry.
@Suite struct OwnPolicyTests {
  private struct Newest: Policy {
    static let descriptor = PolicyDescriptor(
      name: "newest", summary: "Keeps the newest k tokens.", kind: .selection, common: [.denseLayers])

    let group: GroupContext

    init(parameters: ParameterValues, group: GroupContext) { self.group = group }

    func choose(_ block: QueryBlock) -> Selections? {
      var result = Selections()
      for _ in group.queryHeads {
        for (step, k) in zip(block.steps, block.budgets) {
          result.appendRow((step.visible.upperBound - k)..<step.visible.upperBound)
        }
      }
      return result
    }
  }

  @Test func itGivesWhatTheSamePolicyOfTheRegistryGives() throws {
    let folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
    var policies = try PolicyChoice(parsing: ["streaming-llm:sinks=0"])
    policies.add([PolicyConfiguration(Newest.self)])
    let prepared = try ReplayRequest(policies: policies, threads: 1).prepare(
      Trace(path: folder.path("t.zst")), budgets: .tokens([.tokens(10)]))
    let store = try ResultsStore(path: folder.path("r.db"))
    let first = try ReplayJob(prepared, isTimed: false).run(store: store)
    #expect(first.rows.map(\.policy) == ["streaming-llm", "newest"] && first.reused == 0)
    #expect(first.rows[0].outputError == first.rows[1].outputError)
    #expect(first.rows[0].mass == first.rows[1].mass)
    // Nothing says whether its code is still the same.
    let again = try ReplayJob(prepared, isTimed: false).run(store: store)
    #expect(again.reused == 1 && again.exactResultsDigest == first.exactResultsDigest)
  }
}
