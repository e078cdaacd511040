import Attention
import Dispatch
import Foundation
import Simulator
import Synchronization

/// `fasa-capture`, the Python program that runs a model over a text and writes a trace, as a process of its own.
public final class CaptureProgram: Sendable {
  public let path: String
  private let running = Mutex<Process?>(nil)
  /// Whether this process is about to end, and what the program's own end was is no error any more.
  private let isEnding = Mutex(false)

  private static let name = "fasa-capture"
  private static let variable = "FASA_CAPTURE"

  /// - Parameter path: the program; nil for what `FASA_CAPTURE` names, else that of the search path, of `.venv` in the working folder, or
  ///   of the checkout's.
  /// - Throws: `ReplayError` where there is none.
  public init(path given: String? = nil) throws {
    let environment = ProcessInfo.processInfo.environment
    if let named = given ?? environment[Self.variable] {
      guard FileManager.default.isExecutableFile(atPath: named) else {
        throw ReplayError(
          named, expected: "the program \(Self.name)", found: "no file that can be run", advice: Self.install)
      }
      path = named
      return
    }
    let folders =
      (environment["PATH"] ?? "").split(separator: ":").map(String.init)
      + [".venv/bin", SourceTree.root?.appendingPathComponent(".venv/bin").path].compactMap(\.self)
    guard let found = SystemProgram(named: Self.name, searchPath: folders.joined(separator: ":")) else {
      throw ReplayError(
        Self.name, expected: "it on the search path, in .venv, or where \(Self.variable) says",
        found: "it nowhere",
        advice: Self.install)
    }
    path = found.path
  }

  private static let install = "install it: python3 -m venv .venv && .venv/bin/pip install ./capture"

  /// Runs it to its end. On a terminal it shows there how far it is.
  ///
  /// - Parameter log: takes what it prints.
  /// - Throws: `ReplayError` with its own last line where it fails.
  func run(_ arguments: [String], log: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    _ = FileManager.default.createFile(atPath: log, contents: nil)
    let file = FileHandle(forWritingAtPath: log) ?? FileHandle.nullDevice
    process.standardOutput = file
    let isShown = isatty(STDERR_FILENO) == 1
    if !isShown { process.standardError = file }
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    try running.withLock { running in
      do { try process.run() } catch {
        throw ReplayError(
          path, expected: "to start it", found: "\(error.localizedDescription)", advice: Self.install)
      }
      running = process
    }
    ended.wait()
    while isEnding.withLock(\.self) { sleep(1) }
    running.withLock { $0 = nil }
    guard process.terminationStatus == 0, process.terminationReason == .exit else {
      let said = (try? String(contentsOfFile: log, encoding: .utf8))?.split(separator: "\n").last
      throw ReplayError(
        "\(Self.name) \(arguments.prefix(3).joined(separator: " "))", expected: "a capture",
        found: isShown
          ? "what it says above" : said.map(String.init) ?? "status \(process.terminationStatus)",
        advice: "mend that; the same command goes on from what is done")
    }
  }

  /// Asks the program that runs to end, and waits a little for it to clear up; from any thread, which then ends this process.
  public func end() {
    isEnding.withLock { $0 = true }
    running.withLock { process in
      guard let process, process.isRunning else { return }
      process.terminate()
      for _ in 0..<50 where process.isRunning { usleep(100_000) }
    }
  }
}
