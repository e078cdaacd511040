import Foundation
import Policies
import Simulator
import Testing

@testable import Experiments

@Suite struct SweepFileTests {
  func plan(_ text: String) throws -> SweepPlan { try SweepFile(path: "s.yaml").plan(text) }

  @Test func everyField() throws {
    let plan = try plan(
      """
      traces: [a.zst, b.zst]
      policies:
        - fasa: {chunks: [4, 8, 16], layout: [packed, planes]}   # a grid
        - quest:
            page: [16, 32]
        - oracle
        - fasa:chunks=8/12
      budgets: [64, 256, 19%]
      hardware: [h100]
      layers: 0-3,7
      heads: [1, 3-4]
      steps: 4-9
      seed: 7
      profile: p.json
      detail: step
      timing: false
      """)
    #expect(plan.traces == ["a.zst", "b.zst"])
    #expect(
      plan.request.policies.configurations.map(\.label) == [
        "fasa:chunks=4", "fasa:chunks=4,layout=planes", "fasa:chunks=8", "fasa:chunks=8,layout=planes",
        "fasa:chunks=16", "fasa:chunks=16,layout=planes", "quest", "quest:page=32", "oracle",
        "fasa:chunks=12",
      ])
    // fasa:chunks=8 was there.
    #expect(plan.request.policies.repeated == 1 && !plan.request.policies.asksForEverything)
    #expect(plan.budgets == [.tokens(64), .tokens(256), .share(0.19)])
    let request = plan.request
    #expect(
      plan.hardware == ["h100"] && request.layers?.text() == "0-3,7" && request.heads?.text() == "1,3-4")
    #expect(request.steps == 4..<10 && request.seed == 7 && request.profile == "p.json")
    #expect(plan.detail == .step && !plan.isTimed)
  }

  @Test func whatIsLeftOutIsAsInReplay() throws {
    let plan = try plan("traces: a.zst\npolicies: oracle\nbudgets: 64")
    #expect(
      plan.traces == ["a.zst"] && plan.budgets == [.tokens(64)]
        && plan.request.policies.configurations.map(\.label) == ["oracle"])
    let request = plan.request
    #expect(
      request.layers == nil && request.heads == nil && request.steps == nil && request.profile == nil)
    #expect(request.seed == 0 && plan.detail == .head && plan.isTimed && plan.hardware.isEmpty)
  }

  @Test func allIsEveryPolicyBesideThoseNamed() throws {
    let plan = try plan("traces: a\npolicies: [quest: {page: 8}, all]\nbudgets: 64")
    let policies = plan.request.policies
    #expect(policies.asksForEverything && policies.configurations.first?.label == "quest:page=8")
    #expect(policies.configurations.map(policies.isNamed).filter { $0 }.count == 1)
    #expect(policies.configurations.count == PolicyRegistry.policies.count)
  }

  /// The bundled one is read, and is a sweep of more than 150 configurations.
  @Test func theBundledSweepIsRead() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../../sweeps/policies-and-budgets.yaml")
    let plan = try SweepFile(path: file.path(percentEncoded: false)).read()
    let grid = try ReplayConfiguration.grid(plan.request.policies.configurations, budgets: plan.budgets)
    #expect(plan.traces.count == 4 && grid.count > 150)
  }

  static let start = "traces: [a.zst]\nbudgets: [64]\n"

  @Test(arguments: [
    ("", "s.yaml: expected a sweep, found an empty file; name traces, policies and budgets in it"),
    ("- a", "s.yaml:1: expected a mapping with traces, policies and budgets, found a list"),
    ("traces: [a]\npolicies: [oracle]", "s.yaml: expected the field 'budgets', found none; add it"),
    ("traces: [a\npolicies: x", "s.yaml:2: expected YAML, found no ',' or ']'; correct it there"),
    ("seed: 1\nseed: 2", "s.yaml:1: expected YAML, found seed twice in one mapping"),
    (
      "budget: [64]",
      "s.yaml:1: expected a field of a sweep (traces, policies, budgets, hardware, layers, heads, steps, seed, profile, self-calibrate, detail, timing), found 'budget'; did you mean 'budgets'?"
    ),
    ("traces:\npolicies: [oracle]", "s.yaml:1: traces: expected paths of traces, found nothing"),
    ("traces: []", "s.yaml:1: traces: expected paths of traces, found an empty list"),
    (
      "traces: [a]\nbudgets: [64,\n  0]",
      "s.yaml:3: budgets: expected a count of tokens or a share, such as 256 or 19%, found '0'"
    ),
    ("budgets: [64, 64]", "s.yaml:1: budgets: expected each once, found '64' again; leave it out"),
    (
      "budgets: [{a: 1}]",
      "s.yaml:1: budgets: expected a count of tokens or a share, such as 256 or 19%, found a mapping"
    ),
    ("layers: 3-1", "s.yaml:1: layers: expected layers such as 0-3,7, found '3-1'"),
    ("steps: 1,3", "s.yaml:1: steps: expected decode steps such as 0-31, found '1,3'"),
    ("seed: -1", "s.yaml:1: seed: expected a whole number from 0, found '-1'"),
    ("detail: all", "s.yaml:1: detail: expected head or step, found 'all'"),
    ("timing: maybe", "s.yaml:1: timing: expected true or false, found 'maybe'"),
    (
      "policies:\n  - qest",
      "s.yaml:2: policy 'qest': expected one that there is, found none of that name; did you mean 'quest'?"
    ),
    (
      "policies:\n  - quest: {pages: [8]}",
      "s.yaml:2: policy 'quest': expected one of its parameters, found 'pages'; did you mean 'page'?"
    ),
    (
      "policies:\n  - quest:\n      page:\n        - 8\n        - x",
      "s.yaml:5: policy 'quest': page: expected 1…4096, found 'x'"
    ),
    (
      "policies:\n  - quest: {page: []}",
      "s.yaml:2: policies.quest.page: expected a value or a list of values, found an empty list"
    ),
    (
      "policies:\n  - quest:\n    page: [8]",
      "s.yaml:2: policies: expected one policy per entry, found 2 names; begin each with a dash"
    ),
    ("policies:\n  - quest: 8", "s.yaml:2: policies.quest: expected parameters with their values, found '8'"),
  ])
  func whatIsWrongIsSaidWithItsLine(text: String, message: String) throws {
    let error = #expect(throws: ReplayError.self) { try plan(text) }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    #expect(error?.description.contains("\n") == false)
  }
}
