import Dispatch
import Foundation
import TestSupport

extension Executable {
  /// What a command that may end in any way did.
  struct Ending {
    let outcome: Outcome
    /// Whether a signal ended it, as a trap does.
    let isKilled: Bool
    let seconds: Double

    /// One error of a few lines at most, and no result: what whoever gives a wrong value gets.
    var isRefusal: Bool {
      !isKilled && [1, 64].contains(outcome.status) && outcome.errors.hasPrefix("Error: ")
        && outcome.errors.utf8.count < 6000 && outcome.output.isEmpty
    }

    /// Done, or refused; in neither case with more words than a person reads.
    var isOrderly: Bool {
      isRefusal || !isKilled && outcome.status == 0 && outcome.output.utf8.count < 2_000_000
    }
  }

  /// Runs a command in `folder`, and ends it after a time.
  static func ending(
    _ arguments: [String], in folder: TemporaryFolder, environment: [String: String] = [:],
    limit: Double = 120
  ) throws -> Ending {
    try ending(of: process(arguments, in: folder, environment: environment), in: folder, limit: limit)
  }

  /// Runs a line of shell, in which `$FASA` is the command.
  static func shell(_ line: String, in folder: TemporaryFolder, limit: Double = 120) throws -> Ending {
    let process = try process(["-c", line], in: folder, environment: ["FASA": url().path()])
    process.executableURL = URL(filePath: "/bin/sh")
    return try ending(of: process, in: folder, limit: limit)
  }

  private static func ending(of process: Process, in folder: TemporaryFolder, limit: Double) throws -> Ending
  {
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    let started = ContinuousClock.now
    try process.run()
    if ended.wait(timeout: .now() + limit) == .timedOut {
      process.terminate()
      ended.wait()
    }
    let elapsed = (ContinuousClock.now - started).components
    return Ending(
      outcome: Outcome(
        status: process.terminationStatus, output: try folder.text("stdout"),
        errors: try folder.text("stderr")),
      isKilled: process.terminationReason == .uncaughtSignal,
      seconds: Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18)
  }
}
