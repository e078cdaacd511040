import Foundation
import TestSupport
import Testing

@testable import Experiments
@testable import fasa_sim

/// Any value of any option: done or refused, with one error of a few lines, soon, and never by a trap.
@Suite struct HostileArgumentsTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
  }

  /// Ends of number types and beyond, no numbers at all, digits of other scripts, and much too much of anything.
  static let values = [
    "9223372036854775807", "9223372036854775806", "-9223372036854775808", "18446744073709551615", "-1", "0",
    "1e308", "1e-300", "nan", "-inf", "0x10", "١٢", "²", "", " ", "-", ",", "..", "1..",
    "0-9223372036854775807",
    "0-9223372036854775806", "1000000-1999998,3-2000000000", "1m..1099511627776",
    String(repeating: "9", count: 400), (0..<2000).map { "\(3 * $0)" }.joined(separator: ","),
    String(repeating: "x", count: 100_000),
  ]

  static let options: [(command: String, option: String)] = [
    ("replay t.zst --policy oracle --no-timing --db :memory:", "--layers"),
    ("replay t.zst --policy oracle --no-timing --db :memory:", "--heads"),
    ("replay t.zst --policy oracle --no-timing --db :memory:", "--steps"),
    ("replay t.zst --policy oracle --no-timing --db :memory: --layers 0 --steps 0-1", "--budget"),
    ("replay t.zst --policy streaming-llm --no-timing --db :memory: --steps 0-1", "--budget-bytes"),
    ("replay t.zst --policy random --no-timing --db :memory: --steps 0-1", "--seed"),
    ("replay t.zst --policy oracle --no-timing --db :memory: --steps 0-1", "--threads"),
    ("replay t.zst --no-timing --db :memory: --layers 0 --steps 0-1", "--policy"),
    ("replay t.zst --policy oracle --no-timing --db :memory:", "--profile"),
    ("replay t.zst --policy oracle --no-timing --db :memory:", "--hardware"),
    ("sweep t.zst --policy oracle --budget 8 --dry-run", "--layers"),
    ("sweep t.zst --policy oracle --budget 8 --dry-run", "--steps"),
    ("sweep t.zst --policy oracle --dry-run", "--budget"),
    (
      "explore t.zst --policy streaming-llm --max-trials 10 --db :memory: --layers 0 --steps 0-7",
      "--max-output-error"
    ),
    (
      "explore t.zst --policy streaming-llm --max-trials 10 --db :memory: --layers 0 --steps 0-7",
      "--max-weighted-error"
    ),
    (
      "explore t.zst --policy streaming-llm --min-recall 0.5 --db :memory: --layers 0 --steps 0-7",
      "--max-trials"
    ),
    ("calibrate t.zst -o p.json --force --layers 0", "--window"),
    ("calibrate t.zst -o p.json --force", "--layers"),
    ("synth new.zst --layers 0 --decode 1 --window 0", "--tokens"),
    ("synth new.zst --tokens 64 --layers 0", "--decode"),
    ("synth new.zst --tokens 64 --decode 2 --layers 0", "--window"),
    ("synth new.zst --tokens 64 --decode 2 --window 2", "--layers"),
    ("synth new.zst --tokens 64 --decode 2 --window 2 --layers 0", "--query-heads"),
    ("synth new.zst --tokens 64 --decode 2 --window 2 --layers 0", "--kv-heads"),
    ("synth new.zst --tokens 64 --decode 2 --window 2 --layers 0", "--head-dim"),
    ("model --db r.db --hardware h100-sxm --geometry llama-3.1-8b", "--context"),
    ("model --db r.db --hardware h100-sxm --geometry llama-3.1-8b", "--batch"),
    ("bench kernels", "--head-dim"), ("bench kernels", "--heads"), ("bench replay t.zst", "--repeats"),
    ("bench kernels --head-dim 9", "--tokens"),
  ]

  /// Every option meets every third value, another third than its neighbours; with `FASA_SIM_EXHAUSTIVE` set, all.
  static func values(of option: Int) -> [String] {
    let isExhaustive = ProcessInfo.processInfo.environment["FASA_SIM_EXHAUSTIVE"] != nil
    return values.indices.filter { isExhaustive || $0 % 3 == option % 3 }.map { values[$0] }
  }

  @Test(arguments: options.indices) func anyValueIsDoneOrRefused(index: Int) throws {
    let (command, option) = Self.options[index]
    if command.contains("r.db") {
      let filled = try Executable.run(
        "replay t.zst --policy oracle,streaming-llm --no-timing --db r.db".split(separator: " ").map(
          String.init),
        in: folder)
      #expect(filled.status == 0)
    }
    for value in Self.values(of: index) {
      let ending = try Executable.ending(
        command.split(separator: " ").map(String.init) + ["\(option)=\(value)"], in: folder, limit: 60)
      #expect(
        ending.isOrderly,
        "\(command) \(option)=\(value.prefix(60)): \(ending.outcome.status) \(ending.outcome.errors.prefix(300))"
      )
      #expect(ending.seconds < 60, "\(command) \(option)=\(value.prefix(60))")
      if command.hasPrefix("synth") { try? FileManager.default.removeItem(atPath: folder.path("new.zst")) }
    }
  }

  /// The numbers are kept as a range, whatever they reach to.
  @Test func rangesAreToldAsRanges() throws {
    for (option, value, what) in [
      ("--layers", "0-999999", "expected layers among its 0-1, found 2-999999"),
      ("--heads", "5-9223372036854775806", "expected query heads among its 0-5, found 6-9223372036854775806"),
      (
        "--steps", "3-9223372036854775806",
        "expected steps among its decode steps 0-39, found 3-9223372036854775806"
      ),
    ] {
      let run = try Executable.run(["replay", "t.zst", "--policy", "oracle", option, value], in: folder)
      #expect(run.status == 1)
      #expect(run.errors == "Error: t.zst: \(what); choose among those\n")
    }
  }
}
