import Policies
import Simulator
import Testing
import Traces

@Suite struct PolicySpaceTests {
  let folder: TemporaryFolder
  let trace: Trace

  init() throws {
    folder = try TemporaryFolder()
    let path = folder.url.appending(path: "t.zst").path(percentEncoded: false)
    try SyntheticTrace(prompt: 80, decode: 40, window: 32, seed: 1).write(to: path)
    trace = try Trace(path: path)
  }

  func space(
    _ policies: String, _ varied: PolicySpace.Varied = .all, measure: PolicySpace.Measure = .share,
    isRunnable: @escaping (PolicyConfiguration) -> Bool = { _ in true }
  ) throws -> PolicySpace {
    try PolicySpace(
      PolicyGrammar.parse([policies]), trace: trace, measure: measure, varied: varied, isRunnable: isRunnable)
  }

  @Test func aGivenParameterTakesItsValuesAlone() throws {
    let space = try space("quest:page=8/32", .only([]))
    #expect(space.gridSize == 2 * 8)
    let all = space.initial(1000, seed: 0)
    #expect(all.count == 16 && Set(all.map(\.policy.label)) == ["quest:page=8", "quest:page=32"])
  }

  /// A quarter of the chunks is FASA's default, however it is written.
  @Test func oneBehaviourHasOneLabel() throws {
    let chunks = trace.metadata.rope.rotaryDim / 2
    let given = try space("fasa:chunks=\(chunks / 4)/0.25/\(chunks / 2)", .only([]))
    #expect(given.gridSize == 2 * 8)
    let all = given.initial(1000, seed: 0)
    #expect(Set(all.map(\.policy.label)) == ["fasa", "fasa:chunks=\(chunks / 2)"])
    #expect(all.allSatisfy { given.neighbours(of: $0).allSatisfy { $0.policy.label.hasPrefix("fasa") } })
    // The ladder's shares of so few chunks come to the same, too.
    let ladder = try space("fasa", .only(["chunks"])).initial(1000, seed: 0)
    let amounts = Set(
      ladder.map { $0.policy.canonical(trace.metadata.size(of:)).label + ($0.budget?.description ?? "") })
    #expect(amounts.count == ladder.count)
  }

  @Test func everyValueOfALadderIsOneThatThePolicyReads() throws {
    for type in PolicyRegistry.policies where type.descriptor.kind != .bound {
      for candidate in try space(type.descriptor.name).initial(60, seed: 1) {
        for parameter in type.descriptor.parameters {
          let text = candidate.policy.values[parameter.name]?.description ?? ""
          #expect(
            parameter.parse(text) == candidate.policy.values[parameter.name],
            "\(candidate.label) \(parameter.name)")
        }
        #expect(candidate.policy.wrapped?.descriptor.kind != .bound, "\(candidate.label)")
      }
    }
  }

  @Test func samplesAreDistinctRunnableAndOfEveryPolicy() throws {
    let space = try space("fasa,quest,snapkv,magicpig") { $0.values.word(.scope) != "group" }
    let sample = space.initial(80, seed: 3)
    #expect(sample.count == 80 && Set(sample).count == 80)
    #expect(Set(sample.map(\.policy.descriptor.name)) == ["fasa", "quest", "snapkv", "magicpig"])
    #expect(sample.allSatisfy { $0.policy.values.word(.scope) != "group" })
    // A policy that sizes its own sets has no budget to search.
    #expect(sample.allSatisfy { ($0.budget == nil) == ($0.policy.descriptor.name == "magicpig") })
    #expect(sample == space.initial(80, seed: 3))
    #expect(sample != space.initial(80, seed: 4))
  }

  @Test func neighboursDifferInOneThing() throws {
    let space = try space("fasa,quest")
    for candidate in space.initial(30, seed: 5) {
      let neighbours = space.neighbours(of: candidate)
      #expect(!neighbours.isEmpty)
      for other in neighbours {
        let changed = candidate.policy.descriptor.parameters.filter {
          candidate.policy.values[$0.name] != other.policy.values[$0.name]
        }
        #expect(changed.count + (candidate.budget == other.budget ? 0 : 1) == 1)
      }
    }
  }

  @Test func anUnknownParameterIsNamed() {
    #expect {
      _ = try space("quest", .only(["pages"]))
    } throws: {
      "\($0)".hasPrefix(
        "parameter 'pages': expected parameters of the policies searched, found none of that name; did you mean 'page'?"
      )
    }
  }

  @Test func rungsGrowToAllAndLieInTheMiddle() {
    let rungs = ReplayRung.rungs(3, factor: 3, layers: Array(0..<30), steps: 0..<64)
    #expect(rungs.map(\.work.self).last == 30 * 64)
    #expect(rungs[0].layers == [1, 4, 7, 10, 13, 16, 19, 22, 25, 28])
    #expect(rungs[0].steps == 21..<43)
    for (less, more) in zip(rungs, rungs.dropFirst()) {
      #expect((2.5...3.5).contains(Double(more.work) / Double(less.work)))
    }
    // Where there is next to no work, there is one rung.
    #expect(
      ReplayRung.rungs(3, factor: 3, layers: [5], steps: 3..<6) == [ReplayRung(layers: [5], steps: 3..<6)])
  }
}
