import Attention
import Foundation
import Policies
import TestSupport
import Testing

@testable import Experiments
@testable import Results
@testable import Simulator

@Suite struct SweepUnitTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
    try Inputs.trace(in: folder, name: "u.zst", seed: 2)
  }

  static let policies = ["random:sinks=1/2/3/4/5/6/7/8/9", "streaming-llm:sinks=1/2", "oracle", "dense"]

  func plan(
    _ traces: [String] = ["t.zst", "u.zst"], policies: [String] = policies,
    budgets: [Budget] = [.tokens(10), .tokens(20), .share(0.19)]
  ) throws -> SweepPlan {
    var plan = SweepPlan()
    plan.traces = traces.map(folder.path)
    plan.request = ReplayRequest(policies: try PolicyChoice(parsing: policies))
    plan.budgets = budgets
    return plan
  }

  func names(_ plan: SweepPlan) throws -> [String] { try Sweep(plan).allUnits().map(\.name) }

  @Test func namesHangOnNothingButBytesAndConfigurations() throws {
    let asked = try names(plan())
    #expect(asked.count == 4 && asked == asked.sorted() && Set(asked).count == 4)
    #expect(asked.allSatisfy { $0.utf8.count == 16 && UInt64($0, radix: 16) != nil })
    let turned = try plan(
      ["u.zst", "t.zst"], policies: Self.policies.reversed(),
      budgets: [.share(0.19), .tokens(20), .tokens(10)])
    #expect(try names(turned) == asked)
    try FileManager.default.copyItem(atPath: folder.path("t.zst"), toPath: folder.path("other.zst"))
    #expect(try names(plan(["other.zst", "u.zst"])) == asked)
    var timed = try plan()
    (timed.isTimed, timed.detail, timed.request.threads) = (false, .step, 1)
    #expect(try names(timed) == asked)
    // What is computed names them.
    #expect(Set(try names(plan(budgets: [.tokens(10), .tokens(20)]))).isDisjoint(with: asked))
    var seeded = try plan()
    seeded.request.seed = 1
    #expect(Set(try names(seeded)).isDisjoint(with: asked))
    // The other trace's stay.
    #expect(Set(try names(plan(["t.zst"]))).isSubset(of: asked))
  }

  /// So that units that are stored somewhere keep their names in later versions.
  @Test func theNameIsADigestOfDigests() throws {
    let sweep = try Sweep(plan(["t.zst"]))
    let unit = try #require(try sweep.allUnits().first)
    let identities = try unit.places.map { try sweep.jobs[0].identity($0, sweep.digests[0]).digest }
    let text =
      "fasa-sim unit 1\ntrace \(unit.traceDigest)\n" + identities.sorted().map { $0 + "\n" }.joined()
    #expect(unit.name == String(SHA256Digest.hex(of: text.utf8).prefix(16)))
    #expect(unit.traceDigest == (try sweep.jobs[0].trace.digest()))
  }

  /// A policy's budgets share its scores, and policies that walk alike a walk.
  @Test func budgetsStayTogetherAndUnitsAreSmall() throws {
    let budgets = (1...5).map { Budget.tokens(10 * $0) }
    let sweep = try Sweep(plan(["t.zst"], policies: Self.policies + ["tidal"], budgets: budgets))
    let (job, units) = (sweep.jobs[0], sweep.jobs[0].unitPlaces())
    #expect(units.joined().sorted() == Array(job.configurations.indices))
    #expect(units.allSatisfy { (1...SweepUnit.mostConfigurations).contains($0.count) })
    for unit in units {
      for policy in Set(unit.map { job.configurations[$0].policy }) {
        #expect(
          unit.count { job.configurations[$0].policy == policy } == (policy.descriptor.usesBudget ? 5 : 1))
      }
    }
    let walks = units.joined().map { ReplayBlocks.walk(job.configurations[$0].policy) }
    #expect(walks == walks.sorted())
    // One policy alone may have too many budgets for a unit.
    let many = try Sweep(plan(["t.zst"], policies: ["oracle"], budgets: (1...70).map { .tokens($0) }))
    #expect(many.jobs[0].unitPlaces().map(\.count) == [32, 32, 6])
  }

  @Test(arguments: 1...7) func everyConfigurationIsInOneShard(count: Int) throws {
    let sweep = try Sweep(plan(budgets: (1...11).map { .tokens($0) }))
    var seen: [String: Int] = [:]
    var sizes: [Int] = []
    for number in 1...count {
      let shard = try #require(SweepShard("\(number)/\(count)"))
      let part = try sweep.shard(shard)
      let units = try #require(part.units)
      sizes.append(units.count)
      for unit in units {
        for place in unit.places {
          seen[try part.jobs[unit.job].identity(place, unit.traceDigest).digest, default: 0] += 1
        }
      }
    }
    #expect(seen.count == 2 * (12 * 11 + 1) && seen.values.allSatisfy { $0 == 1 })
    #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
  }

  @Test(arguments: ["", "1", "0/3", "4/3", "1/0", "-1/3", "1/3/5", "a/b", "1/ 3", "+1/3x"])
  func whatIsNoShard(text: String) { #expect(SweepShard(text) == nil) }

  /// A trace that cannot be read keeps nobody from another's units, and is what is told where a unit is not found.
  @Test func unitsAreFoundBesideBadTraces() throws {
    let name = try #require(try names(plan(["u.zst"])).first)
    _ = try folder.file(Data("no trace".utf8), "bad.zst")
    let sweep = try Sweep(plan(["none.zst", "bad.zst", "t.zst", "u.zst"]), units: [name])
    #expect(sweep.units?.map(\.name) == [name] && sweep.jobs.count == 1 && sweep.traces == 1)
    let missing = #expect(throws: (any Error).self) {
      try Sweep(plan(["none.zst", "t.zst"]), units: [name])
    }
    #expect("\(missing!)".contains("none.zst: expected a readable file"))
    let unknown = #expect(throws: ReplayError.self) { try Sweep(plan(["t.zst"]), units: [name, "ab"]) }
    #expect(unknown?.kind == .unknownUnit && unknown?.place == "unit '\(min(name, "ab"))'")
  }

  @Test func theSameUnitAgainIsNoWork() throws {
    let sweep = try Sweep(plan(), units: [try names(plan())[1]])
    let store = try ResultsStore(path: ":memory:")
    #expect(try sweep.report(ofWhole: store, database: "d") == nil)
    let first = try sweep.runUnits(store: store, database: "d")
    #expect(first.hasAdded && first.failures.isEmpty)
    let whole = try #require(try sweep.report(ofWhole: store, database: "d"))
    #expect(!whole.hasAdded && whole.units.map(\.alreadyThere) == first.units.map(\.added))
    // Known elsewhere is as good, and leaves no run.
    let other = try ResultsStore(path: ":memory:")
    let known = try sweep.runUnits(store: other, database: "e", known: [store])
    #expect(known.run == nil && known.units.map(\.known) == first.units.map(\.added))
  }
}
