import Dispatch
import Foundation
import TestSupport
import Testing

/// A command that is ended while it writes leaves nothing behind.
@Suite struct InterruptedOutputTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.url.path()).filter { !$0.hasPrefix("std") }
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func synthRemovesWhatItHasWritten(number: Int32) throws {
    let command = "synth long.zst --tokens 60000 --decode 8 --shape llama-3.1-8b --threads 1"
    let process = try Executable.process(command.split(separator: " ").map(String.init), in: folder)
    defer { if process.isRunning { process.terminate() } }
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    try process.run()
    let begun = ContinuousClock.now
    while try !names().contains(where: { $0.hasPrefix(".partial-") }) {
      try #require(process.isRunning && ContinuousClock.now - begun < .seconds(120), "nothing was begun")
      usleep(20_000)
    }
    #expect(kill(process.processIdentifier, number) == 0)
    try #require(ended.wait(timeout: .now() + 60) == .success, "it goes on")
    #expect(process.terminationReason == .exit && process.terminationStatus == 128 + number)
    #expect(try names().isEmpty)
  }

  /// So does a folder for temporary files.
  @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func aBenchmarkRemovesItsDatabases(number: Int32) throws {
    try Inputs.trace(in: folder)
    let temporary = try TemporaryFolder()
    let process = try Executable.process(
      ["bench", "replay", "t.zst", "--policy", "oracle", "--budget", "8", "--repeats", "1000"], in: folder,
      environment: ["TMPDIR": temporary.path("")])
    defer { if process.isRunning { process.terminate() } }
    func made() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: temporary.path("")) }
    try process.run()
    while try made().isEmpty {
      try #require(process.isRunning, "it made no folder")
      usleep(500)
    }
    #expect(kill(process.processIdentifier, number) == 0)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 128 + number)
    #expect(try made().isEmpty)
  }

  @Test func aFolderIsNoPlaceForATraceAndIsToldAtOnce() throws {
    try FileManager.default.createDirectory(
      at: folder.url.appending(path: "taken"), withIntermediateDirectories: false)
    let name = String(repeating: "n", count: 300)
    for (place, reason) in [
      ("taken", "Is a directory"), (name, "File name too long"), ("none/t", "No such file"),
    ] {
      let command = "synth \(place) --force --tokens 60000 --decode 8 --shape llama-3.1-8b --threads 1"
      let run = try Executable.run(command.split(separator: " ").map(String.init), in: folder)
      #expect(run.status == 1 && run.errorLines.count == 1)
      #expect(run.errors.contains("expected to write the file, found \(reason)"), "\(run.errors)")
    }
    #expect(try names() == ["taken"])
  }
}
