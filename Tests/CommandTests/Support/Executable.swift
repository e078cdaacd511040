import Dispatch
import Foundation
import TestSupport

/// The built `fasa-sim`, run as a user runs it.
enum Executable {
  struct Missing: Error, CustomStringConvertible {
    let description: String
  }

  struct Outcome {
    let status: Int32
    let output: String
    let errors: String

    var errorLines: [Substring] { errors.split(separator: "\n") }
    /// What follows "exact results" in the table's footer.
    var digests: [Substring] {
      output.split(separator: "\n").compactMap { line in
        line.hasPrefix("exact results ") ? line.dropFirst("exact results ".count) : nil
      }
    }
  }

  /// It is built into the folder that the test bundle lies in.
  static func url() throws -> URL {
    let bundles = [Bundle.main] + Bundle.allBundles
    var folders = bundles.compactMap {
      $0.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent()
    }
    folders += bundles.filter { $0.bundlePath.hasSuffix(".xctest") }.map {
      $0.bundleURL.deletingLastPathComponent()
    }
    let candidates = folders.map { $0.appending(path: "fasa-sim") }
    guard let found = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0.path()) })
    else {
      throw Missing(description: "no fasa-sim beside the tests: \(candidates.map { $0.path() })")
    }
    return found
  }

  /// A process that has not been started, with its streams going to files of `folder`.
  static func process(
    _ arguments: [String], in folder: TemporaryFolder, environment: [String: String] = [:]
  ) throws -> Process {
    // Whoever started the tests may have had these ignored, which the command would inherit and respect.
    for number in [SIGINT, SIGTERM, SIGHUP] { signal(number, SIG_DFL) }
    let process = Process()
    process.executableURL = try url()
    process.arguments = arguments
    process.currentDirectoryURL = folder.url
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: URL(filePath: folder.file(Data(), "stdout")))
    process.standardError = try FileHandle(forWritingTo: URL(filePath: folder.file(Data(), "stderr")))
    return process
  }

  /// Runs the command in `folder` as a user whom permission bits bind, which root's are not.
  static func runUnprivileged(_ arguments: [String], in folder: TemporaryFolder) throws -> Outcome {
    guard geteuid() == 0 else { return try run(arguments, in: folder) }
    // Where lines are counted the counts could not be written, which would be told.
    let process = try process(arguments, in: folder, environment: ["LLVM_PROFILE_FILE": "/dev/null"])
    let nobody = "65534"
    process.arguments =
      ["--reuid", nobody, "--regid", nobody, "--clear-groups", try url().path(percentEncoded: false)]
      + arguments
    process.executableURL = URL(filePath: "/usr/bin/setpriv")
    return try outcome(of: process, in: folder)
  }

  /// Runs the command in `folder` to its end.
  static func run(
    _ arguments: [String], in folder: TemporaryFolder, environment: [String: String] = [:]
  ) throws -> Outcome {
    try outcome(of: try process(arguments, in: folder, environment: environment), in: folder)
  }

  private static func outcome(of process: Process, in folder: TemporaryFolder) throws -> Outcome {
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    try process.run()
    ended.wait()
    return Outcome(
      status: process.terminationStatus, output: try folder.text("stdout"), errors: try folder.text("stderr"))
  }
}
