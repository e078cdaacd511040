import Foundation
import TestSupport
import Testing

@testable import Experiments
@testable import fasa_sim

/// Grids are counted before they are laid out.
@Suite struct LargeGridTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
  }

  /// A hundred values each.
  static let hundred = (1...100).map(String.init).joined(separator: "/")

  static let tooLarge: [(arguments: [String], message: String)] = [
    (
      ["replay", "t.zst", "--policy", "oracle:sinks=\(hundred),recent=\(hundred),dense-layers=\(hundred)"],
      "policy 'oracle': expected at most 100000 policies in all, found 100 of sinks × 100 of recent × 100 of dense-layers; take fewer values of them"
    ),
    (
      [
        "sweep", "t.zst", "--budget", "8", "--dry-run", "--policy",
        "gist:sinks=\(hundred),recent=\(hundred),dense-layers=\(hundred),cluster=\(hundred),rounds=\(hundred)",
      ], "found 100 of sinks × 100 of recent × 100 of dense-layers × 100 of cluster × 100 of rounds"
    ),
    (
      [
        "explore", "t.zst", "--min-recall", "0.5", "--policy",
        "fasa:sinks=\(hundred),recent=\(hundred),dense-layers=\(hundred)",
      ], "policy 'fasa': expected at most 100000 policies in all"
    ),
    (
      [
        "sweep", "t.zst", "--dry-run", "--policy", "oracle:sinks=\(hundred),recent=\(hundred)", "--budget",
        (1...11).map(String.init).joined(separator: ","),
      ],
      "expected at most 100000 configurations of a trace, found 10000 policies × 11 budgets; take fewer of them, or replay them in turns"
    ),
  ]

  @Test(arguments: tooLarge.indices) func isRefusedBeforeItIsLaidOut(index: Int) throws {
    let (arguments, message) = Self.tooLarge[index]
    let ending = try Executable.ending(arguments, in: folder, limit: 30)
    #expect(ending.isRefusal && ending.outcome.status == 1, "\(ending)")
    #expect(ending.outcome.errors.contains(message), "\(ending.outcome.errors)")
  }

  @Test func aGridInAFileIsCountedToo() throws {
    let list = (1...100).map(String.init).joined(separator: ", ")
    let names = ["sinks", "recent", "dense-layers", "cluster"]
    let yaml = """
      traces: [t.zst]
      policies:
        - gist: {\(names.map { "\($0): [\(list)]" }.joined(separator: ", "))}
      budgets: [8]
      """
    _ = try folder.file(Data(yaml.utf8), "s.yaml")
    let ending = try Executable.ending(["sweep", "s.yaml", "--dry-run"], in: folder, limit: 30)
    #expect(ending.isRefusal, "\(ending)")
    #expect(
      ending.outcome.errors.hasPrefix("Error: s.yaml:3: policy 'gist': expected at most 100000 policies"))
  }

  /// Each configuration is met a bounded number of times: 40,000 of them are listed within seconds by a release build, and
  /// a minute by the slowest.
  @Test func aDryRunOfManyIsListed() throws {
    let ending = try Executable.ending(
      [
        "sweep", "t.zst", "--dry-run", "--db", "none.db", "--policy",
        "oracle:sinks=\(Self.hundred),recent=\(Self.hundred)", "--budget", "8,16,32,0.5",
      ], in: folder)
    #expect(
      ending.outcome.status == 0 && ending.seconds < 100, "\(ending.seconds) s, \(ending.outcome.errors)")
    #expect(ending.outcome.output.contains("t.zst: 40000 of 40000 to run"))
  }

  @Test func pointsToPriceAreCounted() throws {
    let filled = try Executable.run(
      ["replay", "t.zst", "--policy", "oracle", "--no-timing", "--db", "r.db"], in: folder)
    #expect(filled.status == 0)
    let many = (1...2000).map(String.init).joined(separator: ",")
    let ending = try Executable.ending(
      [
        "model", "--db", "r.db", "--hardware", "h100-sxm", "--geometry", "llama-3.1-8b", "--context", many,
        "--batch",
        many,
      ], in: folder, limit: 30)
    #expect(ending.isRefusal, "\(ending)")
    #expect(
      ending.outcome.errors
        == "Error: modelled times: expected at most 500000, found 1 configurations × 2 machines with their kernels × 2000 contexts × 2000 batch sizes; take fewer of them\n"
    )
  }
}
