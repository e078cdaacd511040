import ArgumentParser
import Experiments
import Hardware
import Kernels
import Policies
import Simulator
import Traces

struct BenchReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Times whole replays, from the file to the database, against their floor.",
    discussion: """
      Each line adds a configuration to the ones before. The floor is the multiply-adds that the metrics need at the \
      measured peak, and one read of the scores for each set that is chosen; reading, decompressing, hashing, \
      exponentials and the database are not in it. Rounds of all lines are interleaved.

      EXAMPLES:
        fasa-sim bench replay traces/prose-8192.zst
        fasa-sim bench replay big.zst --policy oracle,fasa,streaming-llm --profile p.json --repeats 9
      """)

  @Argument(help: "Trace to replay.", completion: .file())
  var trace: String

  @OptionGroup var policies: PolicyOptions<Defaults>

  @OptionGroup var budget: BudgetOptions<Defaults>

  @OptionGroup var profile: ProfileOptions

  @Option(help: "Timed runs of each line, after one that is not.")
  var repeats = 7

  @OptionGroup var format: FormatOptions

  @OptionGroup var machine: MachineOptions

  func validate() throws {
    guard (1...1000).contains(repeats) else {
      throw ValidationError("--repeats \(repeats): expected 1 to 1000")
    }
  }

  enum Defaults: ReplayDefaults {
    static let policies: [String] = ["oracle,fasa"]
    static let budgets: [Budget] = [.tokens(256)]
  }

  func run() throws {
    let opened = try Trace(path: trace)
    let configurations = try ReplayConfiguration.grid(
      policies.choice().configurations, budgets: budget.budgets)
    // Each is timed with all before it.
    guard configurations.count <= NumberList.mostNumbers else {
      throw ReplayError(
        "expected at most \(NumberList.mostNumbers) configurations to time, found \(configurations.count): name fewer policies or budgets"
      )
    }
    let jobs = try configurations.indices.map { try job(opened, Array(configurations[...$0])) }
    let line = ProgressLine("timing replays")
    var seconds = jobs.map { _ in [Double]() }
    for round in 0...repeats {
      for index in jobs.indices {
        let elapsed = try jobs[index].timeIntoNewDatabase()
        if round > 0 { seconds[index].append(elapsed) }
        line.update(round * jobs.count + index + 1, of: (repeats + 1) * jobs.count)
      }
    }
    let roofline = Roofline.measure(try Kernels(machine.instructionSet), threads: machine.threads)
    line.finish()
    let times = seconds.map(Quantity.init)
    let rows = try jobs.indices.map { index in
      let floor = try ReplayFloor(opened, jobs[index].configurations, options: jobs[index].options)
      return ReplayTimeReport.Row(
        added: configurations[index].label, seconds: times[index], floorSeconds: floor.seconds(on: roofline),
        operations: floor.operations, scoreBytes: floor.scoreBytes,
        addedShareOfFirst: index == 0
          ? nil : (times[index].median - times[index - 1].median) / times[0].median)
    }
    let report = ReplayTimeReport(
      trace: trace, processor: HostMachine.current.processor, roofline: roofline, rows: rows)
    try format.print(json: report, text: report.text)
  }

  /// A profile is read only where one of these policies uses it.
  private func job(_ trace: Trace, _ configurations: [ReplayConfiguration]) throws -> ReplayJob {
    let request = ReplayRequest(
      PolicyChoice(configurations.map(\.policy)), profile: profile, machine: machine)
    return try ReplayJob(request.prepare(trace), configurations: configurations, isTimed: false)
  }
}
