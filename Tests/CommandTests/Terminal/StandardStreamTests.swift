import Foundation
import TestSupport
import Testing

@testable import Experiments
@testable import fasa_sim

/// A result that cannot be written is an error; a note that nobody can read is none.
@Suite struct StandardStreamTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
  }

  static let commands = [
    "--help", "--version", "help replay", "--generate-completion-script bash", "policies", "policies fasa",
    "policies --json", "policies --markdown", "info t.zst", "info t.zst --json", "hardware list",
    "hardware list --json", "hardware show h100-sxm",
    "replay t.zst --policy oracle --no-timing --db :memory:",
    "replay t.zst --policy oracle --no-timing --db :memory: --json",
    "sweep t.zst --policy oracle --budget 8 --no-timing --db :memory:",
    "sweep t.zst --policy oracle --budget 8 --dry-run --json",
    "synth new.zst --tokens 40 --decode 4 --layers 0",
    "calibrate t.zst -o new.json",
  ]

  @Test(arguments: commands) func aFullDiskIsAnError(command: String) throws {
    let ending = try Executable.shell("exec \"$FASA\" \(command) > /dev/full", in: folder)
    #expect(!ending.isKilled && ending.outcome.status == 1, "\(ending)")
    #expect(
      ending.outcome.errors
        == "Error: standard output: expected to write to it, found No space left on device; make room there, or send it elsewhere\n"
    )
  }

  @Test(arguments: commands) func aClosedStreamIsAnError(command: String) throws {
    let ending = try Executable.shell("exec \"$FASA\" \(command) >&-", in: folder)
    #expect(!ending.isKilled && ending.outcome.status == 1, "\(ending)")
    #expect(
      ending.outcome.errors.hasPrefix(
        "Error: standard output: expected to write to it, found Bad file descriptor"),
      "\(ending)")
  }

  /// A closed stream's number is the next file's: without care the results are written into the database.
  @Test(arguments: [">&-", "2>&-", "<&-", "<&- >&- 2>&-"]) func noFileTakesAClosedStreamsPlace(
    streams: String
  )
    throws
  {
    let command = "replay t.zst --policy oracle --no-timing --db r.db"
    let ending = try Executable.shell("\"$FASA\" \(command) \(streams); echo $?", in: folder)
    let isLost = streams.contains(" >") || streams.hasPrefix(">")
    #expect(ending.outcome.output.hasSuffix(isLost ? "1\n" : "0\n"), "\(ending)")
    let again = try Executable.run(command.split(separator: " ").map(String.init), in: folder)
    #expect(again.status == 0 && again.output.contains("(1 of 1 were there already)"), "\(again)")
  }

  /// As `yes | head -1`: no word, and nothing that looks like a crash.
  @Test(arguments: ["policies --markdown", "--generate-completion-script bash", "policies --json"])
  func aReaderThatHasGoneEndsTheCommandQuietly(command: String) throws {
    let ending = try Executable.shell(
      "(\"$FASA\" \(command); echo $? >&2) | head -c 1 > /dev/null", in: folder)
    // 128 and the number of SIGPIPE; 0 where the pipe held all of it.
    #expect(["141\n", "0\n"].contains(ending.outcome.errors), "\(ending)")
  }

  /// Errors and notes go nowhere, and the command does what it does.
  @Test(arguments: ["2>&-", "2> /dev/full"]) func notesThatNobodyReadsAreNoError(streams: String) throws {
    let done = try Executable.shell(
      "exec \"$FASA\" replay t.zst --policy oracle --no-timing --db :memory: \(streams)", in: folder)
    #expect(!done.isKilled && done.outcome.status == 0 && done.outcome.output.contains("oracle"), "\(done)")
    let refused = try Executable.shell("exec \"$FASA\" info none.zst \(streams)", in: folder)
    #expect(!refused.isKilled && refused.outcome.status == 1, "\(refused)")
  }
}
