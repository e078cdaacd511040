import Policies
import Simulator
import TestSupport
import Testing
import Traces

@testable import Experiments

/// One rule for all that replays: what a trace cannot serve is refused where it was named, and left out where it came with `all`.
@Suite struct ReplayRequestTests {
  let folder: TemporaryFolder
  let trace: Trace

  /// The trace's model has no profile, which FASA needs.
  init() throws {
    folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
    trace = try Trace(path: folder.path("t.zst"))
  }

  private func request(_ policies: String) throws -> ReplayRequest {
    ReplayRequest(policies: try PolicyChoice(parsing: [policies]), threads: 1)
  }

  @Test func whatCameWithAllIsLeftOutWithANote() throws {
    let prepared = try request("all").prepare(trace, budgets: .tokens([.tokens(8)]))
    let names = Set(prepared.policies.map(\.descriptor.name))
    #expect(names.isSuperset(of: ["oracle", "quest"]) && !names.contains("fasa"))
    #expect(
      prepared.notes.contains { $0.hasPrefix("left out: fasa: expected a profile of synthetic, found none") })
  }

  @Test(arguments: ["fasa", "oracle,fasa", "all,fasa"]) func whatWasNamedIsRefused(policies: String) throws {
    let request = try request(policies)
    let path = folder.path("t.zst")
    for prepare in [
      { _ = try request.prepare(trace, budgets: .tokens([.tokens(8)])) },
      { _ = try request.prepare(trace, budgets: .bytes(shares: [0.5], reading: .perHead)) },
      {
        var plan = SweepPlan()
        (plan.traces, plan.request, plan.budgets) = ([path], request, [.tokens(8)])
        _ = try Sweep(plan)
      },
      {
        // A bound is no policy to explore.
        let search = try self.request(policies.replacing("oracle,", with: ""))
        _ = try ExploreJob(trace, search, target: QualityTarget(minMass: 0.9))
      },
    ] {
      let error = #expect(throws: ReplayError.self) { try prepare() }
      let message = error?.description ?? ""
      #expect(
        message.hasPrefix("\(path): fasa: expected a profile of synthetic, found none given or bundled"),
        "\(message)")
      #expect(message.hasSuffix("; else leave that policy or that trace out"))
    }
  }

  @Test func whereNothingIsLeftItIsSaid() throws {
    let prepared = try request("oracle").prepare(trace, budgets: .bytes(shares: [0.001], reading: .perHead))
    let error = #expect(throws: ReplayError.self) { try ReplayJob(prepared) }
    #expect(
      error?.description.hasPrefix(
        "\(trace.path): expected a policy that can run on it, found none; left out: oracle: one token with what it reads"
      )
        == true)
  }

  @Test func aBoundIsLeftOutOfASearchOrRefused() throws {
    let all = try ExploreSearch.deployable(PolicyChoice(parsing: ["all"]))
    #expect(!all.configurations.isEmpty && all.configurations.allSatisfy { $0.descriptor.kind != .bound })
    let error = #expect(throws: ReplayError.self) {
      try ExploreSearch.deployable(PolicyChoice(parsing: ["all,oracle"]))
    }
    #expect(
      error?.description.hasPrefix("oracle: expected policies that can be deployed, found a bound") == true)
  }
}
