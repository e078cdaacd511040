import Foundation
import GRDB
import TestSupport
import Testing
import Traces

@testable import Experiments
@testable import Results
@testable import fasa_sim

/// Wherever a command is cut short, whole configurations stay, and the same command goes on to the same results.
@Suite struct InterruptionTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try SyntheticTrace(prompt: 500, decode: 32, window: 32, seed: 3).write(to: folder.path("big.zst"))
  }

  /// Policies of all scopes, some that keep state: several blocks.
  static let policies =
    "random:sinks=\((1...12).map(String.init).joined(separator: "/")),streaming-llm:sinks=1/2/3,tidal,oracle,h2o,adakv"

  static let count = 38

  static func arguments(_ command: String, _ options: String) -> [String] {
    [command, "big.zst", "--policy", policies, "--budget", "10,20"]
      + options.split(separator: " ").map(String.init)
  }

  func number(_ sql: String, _ file: String = "runs.db") throws -> Int? {
    try ResultsStore(path: folder.path(file), access: .readOnly).read { try Int.fetchOne($0, sql: sql) }
  }

  var stored: Int? {
    folder.holds("runs.db") ? try? number("SELECT count(*) FROM configurations") : nil
  }

  /// Starts a command, waits until so much is stored, and calls `body`.
  func run(_ arguments: [String], until: Int, _ body: (Process) throws -> Void) throws -> Process {
    let process = try Executable.process(arguments, in: folder)
    try process.run()
    while process.isRunning {
      if let stored, stored >= until { break }
      usleep(500)
    }
    try body(process)
    process.waitUntilExit()
    return process
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let command: String
    let options: String
    let signal: Int32
    let status: Int32
    /// Configurations that are stored when the signal comes.
    let until: Int

    var testDescription: String { "\(command) \(options), signal \(signal) after \(until)" }
  }

  static let cases = [
    Case(command: "replay", options: "--no-timing", signal: SIGINT, status: 130, until: 0),
    Case(command: "replay", options: "--detail step --no-timing", signal: SIGINT, status: 130, until: 1),
    Case(command: "replay", options: "--heads 0-2", signal: SIGTERM, status: 143, until: 16),
    Case(command: "sweep", options: "--no-timing", signal: SIGTERM, status: 143, until: 1),
    Case(command: "sweep", options: "--no-timing", signal: SIGHUP, status: 129, until: 1),
    Case(command: "sweep", options: "--detail step --no-timing", signal: SIGINT, status: 130, until: 17),
  ]

  @Test(arguments: cases) func aSignalKeepsWhatIsDone(_ test: Case) throws {
    let arguments = Self.arguments(test.command, test.options)
    var sent = Date()
    let process = try run(arguments, until: test.until) {
      kill($0.processIdentifier, test.signal)
      sent = Date()
    }
    #expect(Date().timeIntervalSince(sent) < 5)
    #expect(process.terminationReason == .exit && process.terminationStatus == test.status)
    let stored = try #require(stored)
    #expect(stored >= test.until && stored < Self.count)
    var kept = [
      "\(stored) of \(Self.count) configurations are stored in runs.db; the same command goes on from there"
    ]
    if stored == 0 {
      kept = [
        "none of \(Self.count) configurations is stored in runs.db; the same command begins anew",
        // Before it has looked what is stored.
        "nothing new is stored in runs.db; the same command goes on from what it holds",
      ]
    }
    #expect(kept.map { "interrupted: \($0)\n" }.contains(try folder.text("stderr")))
    #expect(try folder.text("stdout").isEmpty)
    try goesOn(arguments, stored: stored)
  }

  /// SIGKILL leaves no time for a word, but whole configurations.
  @Test(arguments: [
    (0, "--no-timing"), (1, "--detail step --no-timing"), (16, "--heads 0-2"), (20, "--no-timing"),
  ])
  func aKillKeepsWhatIsDone(until: Int, options: String) throws {
    let arguments = Self.arguments("replay", options)
    let process = try run(arguments, until: until) { kill($0.processIdentifier, SIGKILL) }
    #expect(process.terminationReason == .uncaughtSignal)
    let stored = try #require(stored)
    #expect(stored >= until && stored < Self.count)
    try goesOn(arguments, stored: stored)
  }

  /// The same command completes the work, and its digest is an uninterrupted run's.
  func goesOn(_ arguments: [String], stored: Int) throws {
    let heads = "SELECT count(*) FROM (SELECT 1 FROM head_summaries GROUP BY configuration)"
    #expect(try number(heads) == stored)
    let resumed = try Executable.run(arguments, in: folder)
    #expect(resumed.status == 0, "\(resumed.errors)")
    if arguments[0] == "replay" {
      #expect(
        stored == 0
          || resumed.output.hasSuffix("stored in runs.db (\(stored) of \(Self.count) were there already)\n"))
      // The table shows all.
      #expect(resumed.output.split(separator: "\n").count { $0.hasPrefix("random:sinks=") } == 24)
    }
    #expect(try number("SELECT count(*) FROM configurations") == Self.count)
    #expect(
      try number(
        "SELECT count(*) FROM run_configurations JOIN runs ON runs.id = run WHERE ended_at IS NOT NULL")
        == Self.count)
    let whole = try Executable.run(arguments + ["--db", "whole.db"], in: folder)
    #expect(whole.status == 0)
    func digest(_ file: String) throws -> String? {
      try ResultsStore(path: folder.path(file), access: .readOnly).read {
        try String.fetchOne(
          $0, sql: "SELECT exact_results_digest FROM runs WHERE ended_at IS NOT NULL ORDER BY id DESC LIMIT 1"
        )
      }
    }
    #expect(try digest("runs.db") == digest("whole.db"))
    #expect(try digest("whole.db") != nil)
  }

  /// What was computed again is no progress, and memory keeps nothing.
  @Test(arguments: [
    ("--again", "what is stored stays in runs.db; the same command begins anew"),
    ("--db :memory:", "nothing is kept, since the database was in memory"),
  ]) func whatDoesNotGoOnSaysSo(options: String, message: String) throws {
    #expect(
      try Executable.run(
        ["replay", "big.zst", "--policy", "dense", "--no-timing"], in: folder
      ).status == 0)
    // Enough to do that none of it is done before the signal.
    let more = " --policy quest:page=\((1...40).map(String.init).joined(separator: "/"))"
    let process = try Executable.process(
      Self.arguments("replay", options + " --no-timing" + more), in: folder)
    try process.run()
    try waitUntilItHearsSignals(process)
    kill(process.processIdentifier, SIGINT)
    process.waitUntilExit()
    #expect(process.terminationStatus == 130)
    #expect(try folder.text("stderr") == "interrupted: \(message)\n")
  }

  /// A command takes over SIGINT, which the system lists as caught, before it does anything else.
  func waitUntilItHearsSignals(_ process: Process) throws {
    let status = "/proc/\(process.processIdentifier)/status"
    while process.isRunning {
      let lines = try String(contentsOfFile: status, encoding: .utf8).split(separator: "\n")
      let mask = lines.first { $0.hasPrefix("SigCgt:") }.flatMap {
        UInt64($0.split(separator: "\t").last ?? "", radix: 16)
      }
      if let mask, mask & (1 << UInt64(SIGINT - 1)) != 0 { return }
      usleep(1000)
    }
  }

  /// A search is cut short and gone on with like a replay.
  @Test func anExplorationGoesOn() throws {
    try Inputs.trace(in: folder)
    let arguments = "explore t.zst --max-output-error 0.3 --policy streaming-llm,quest --max-trials 20".split(
      separator: " "
    ).map(String.init)
    let process = try run(arguments, until: 1) { kill($0.processIdentifier, SIGINT) }
    #expect(process.terminationStatus == 130)
    let stored = try #require(stored)
    #expect(
      try folder.text("stderr")
        == "interrupted: \(stored) new configurations are stored in runs.db; the same command goes on from there\n"
    )
    let resumed = try Executable.run(arguments + ["--json"], in: folder)
    let whole = try Executable.run(arguments + ["--json", "--db", "whole.db"], in: folder)
    #expect(resumed.status == 0 && whole.status == 0)
    #expect(
      try number("SELECT count(*) FROM configurations")
        == number("SELECT count(*) FROM configurations", "whole.db"))
  }

  enum Loss: CaseIterable { case deleted, replaced, emptied }

  /// A database that goes away under the command is said, and is no success.
  @Test(arguments: Loss.allCases) func aLostDatabaseIsAnError(loss: Loss) throws {
    let path = folder.path("runs.db")
    for command in ["replay", "sweep"] {
      for name in ["runs.db", "runs.db-wal", "runs.db-shm"] where folder.holds(name) {
        try FileManager.default.removeItem(atPath: folder.path(name))
      }
      let process = try run(Self.arguments(command, "--no-timing"), until: 1) { _ in
        switch loss {
        case .deleted: try FileManager.default.removeItem(atPath: path)
        case .replaced:
          try Data("another file".utf8).write(to: URL(filePath: folder.path("other")))
          #expect(rename(folder.path("other"), path) == 0)
        case .emptied: try FileHandle(forWritingTo: URL(filePath: path)).truncate(atOffset: 0)
        }
      }
      #expect(process.terminationReason == .exit && process.terminationStatus == 1)
      let found =
        switch loss {
        case .deleted: "no file of that name"
        case .replaced: "another file in its place"
        case .emptied: "a file of 0 bytes"
        }
      let errors = try folder.text("stderr")
      #expect(
        errors.hasPrefix(
          "Error: runs.db: expected the database that this command opened, found \(found); it was"))
      #expect(errors.split(separator: "\n").count == 1)
      #expect(try folder.text("stdout").isEmpty)
    }
  }
}
