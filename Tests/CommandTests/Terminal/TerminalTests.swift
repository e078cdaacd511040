import Foundation
import TestSupport
import Testing

@testable import Experiments
@testable import fasa_sim

/// Tables on a terminal, which util-linux's `script` makes; elsewhere there is none to be had.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/script")))
struct TerminalTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// What a command shows on a terminal of so many columns.
  func shown(_ command: String, columns: Int = 80, environment: String = "TERM=xterm") throws -> String {
    let line = "stty cols \(columns); unset COLUMNS NO_COLOR; export \(environment); \"$FASA\" \(command)"
    let ending = try Executable.shell("script -qec '\(line)' /dev/null </dev/null", in: folder)
    #expect(!ending.isKilled && ending.outcome.status == 0, "\(ending)")
    // A terminal ends lines so, which is one character.
    return ending.outcome.output.replacing("\r\n", with: "\n").replacing("\r", with: "")
  }

  static func withoutCodes(_ text: String) -> String {
    text.replacing("\u{1B}[1m", with: "").replacing("\u{1B}[2m", with: "").replacing("\u{1B}[0m", with: "")
  }

  @Test(arguments: [
    (80, "policies"), (60, "policies"), (80, "policies fasa"), (60, "hardware list"), (80, "hardware list"),
    (100, "hardware list"),
  ]) func linesFit(columns: Int, command: String) throws {
    let text = Self.withoutCodes(try shown(command, columns: columns))
    let most = text.split(separator: "\n").map { TextWidth.of($0) }.max() ?? 0
    #expect(most <= columns, "\(text)")
  }

  @Test func aReplayLeavesColumnsOutAndSaysSo() throws {
    try Inputs.trace(in: folder)
    let replay = "replay t.zst --policy oracle,streaming-llm --budget 10 --no-timing --db :memory:"
    let text = Self.withoutCodes(try shown(replay, columns: 70))
    #expect(
      text.contains("left out at 70 columns: kind;") && text.contains("(--verbose or -o csv)"), "\(text)")
    #expect(
      text.split(separator: "\n").allSatisfy { TextWidth.of($0) <= 70 || $0.hasPrefix("exact results") })
    let all = Self.withoutCodes(try shown(replay + " --verbose", columns: 70))
    #expect(all.contains("kind") && !all.contains("left out at"))
    let asked = try shown(replay, columns: 70, environment: "TERM=xterm COLUMNS=300")
    #expect(!asked.contains("left out at"))
  }

  @Test(arguments: [
    ("TERM=xterm", true), ("TERM=xterm NO_COLOR=1", false), ("TERM=xterm NO_COLOR=", true),
    ("TERM=dumb", false),
  ]) func headersAreBoldWhereTheyMayBe(environment: String, isBold: Bool) throws {
    let text = try shown("policies", environment: environment)
    #expect(text.contains("\u{1B}[1mpolicy") == isBold)
    #expect(text.contains("\u{1B}") == isBold)
  }

  @Test func aPipeGetsAllOfItPlain() throws {
    let run = try Executable.run(
      ["hardware", "list"], in: folder, environment: ["TERM": "xterm", "COLUMNS": "40"])
    #expect(run.output.split(separator: "\n").contains { $0.count > 80 } && !run.output.contains("\u{1B}"))
  }

  @Test(arguments: [
    (["-o", "csv", "--json"], "--output csv and --json: expected one of them, found both"),
    (["--json", "--markdown"], "--json and --markdown: expected one of them, found both"),
    (["-o", "t.csv"], "t.csv"),
  ]) func wrongCombinationsAreRefused(options: [String], message: String) throws {
    let run = try Executable.run(["hardware", "list"] + options, in: folder)
    #expect(run.status == 64 && run.output.isEmpty && run.errors.contains(message), "\(run.errors)")
  }
}
