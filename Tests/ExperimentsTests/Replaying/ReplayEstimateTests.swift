import Attention
import Policies
import TestSupport
import Testing
import Traces

@testable import Experiments
@testable import Simulator

@Suite struct ReplayEstimateTests {
  let folder: TemporaryFolder
  let trace: Trace

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
    trace = try Trace(path: folder.path("t.zst"))
  }

  func estimate(
    _ policies: String, budgets: [Int] = [8], threads: Int = 1, steps: Range<Int>? = nil,
    isTimed: Bool = false
  ) throws -> ReplayEstimate {
    let request = ReplayRequest(
      policies: try PolicyChoice(parsing: [policies]), steps: steps, threads: threads)
    let prepared = try request.prepare(trace, budgets: .tokens(budgets.map { .tokens($0) }))
    let job = try ReplayJob(prepared, isTimed: isTimed)
    return job.estimate(Array(job.configurations.indices))
  }

  @Test func moreWorkTakesMore() throws {
    let (one, all) = (try estimate("quest"), try estimate("quest", budgets: [8, 16, 24, 32]))
    #expect(one.seconds > 0 && all.seconds > one.seconds && all.memoryBytes > one.memoryBytes)
    #expect(try estimate("socket").seconds > estimate("quest").seconds)
    #expect(try estimate("quest", steps: 0..<10).seconds < one.seconds)
    // Timings take a fixed time each.
    let timed = try estimate("quest", isTimed: true).seconds - one.seconds
    #expect(abs(timed - ReplayPace.timingSeconds) < 1e-9)
  }

  @Test func threadsDivideAllButTheLastWalk() throws {
    #expect(try abs(2 * estimate("quest", threads: 2).seconds - estimate("quest").seconds) < 1e-12)
    #expect(try estimate("tidal", threads: 2).seconds == estimate("tidal").seconds)
    #expect(try estimate("quest", threads: 2).memoryBytes > estimate("quest").memoryBytes)
    // No more threads than KV heads in all layers.
    #expect(try estimate("quest", threads: 64).seconds == estimate("quest", threads: 4).seconds)
  }

  @Test func onlyPoliciesThatThereAreHaveAPace() {
    let names = Set(PolicyRegistry.policies.map { $0.descriptor.name })
    #expect(Set(ReplayPace.names).subtracting(names) == [])
    // What is not measured is taken for usual: files and scores from outside, and what came since.
    #expect(names.subtracting(ReplayPace.names).count <= 6)
  }

  @Test func nothingToDo() throws {
    let none = ReplayEstimate.sum([])
    #expect(none.seconds == 0 && none.memoryBytes == 0)
    let two = ReplayEstimate.sum([try estimate("quest"), try estimate("oracle")])
    #expect(try two.seconds == estimate("quest").seconds + estimate("oracle").seconds)
    #expect(try two.memoryBytes == max(estimate("quest").memoryBytes, estimate("oracle").memoryBytes))
  }

  @Test func asPeopleReadIt() throws {
    #expect(ReplayEstimate.memoryText(222 * 1_048_576) == "222 MiB")
    #expect(ReplayEstimate.memoryText(1_181_116_006) == "1.1 GiB")
    #expect(try estimate("quest").text(threads: 1).hasPrefix("about 1 s on 1 thread; "))
  }

  /// Until the pace is known the line says what was expected, and no longer than that.
  @Test func aProgressLineBeginsWithWhatIsExpected() {
    var text = ProgressText("sweeping", expected: 240)
    #expect(text.line(0.5, share: 0, count: nil, width: 80).text == "sweeping: 0 %, about 4 min expected")
    #expect(text.line(60, share: 0.5, count: nil, width: 80).text.hasSuffix("about 1 min left"))
    var late = ProgressText("sweeping", expected: 5)
    #expect(late.line(6, share: 0, count: nil, width: 80).text == "sweeping: 0 %, 6 s")
    var short = ProgressText("sweeping", expected: 2)
    #expect(short.line(0.5, share: 0, count: nil, width: 80).text == "sweeping: 0 %, 0 s")
  }
}
