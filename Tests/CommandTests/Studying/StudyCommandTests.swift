import Foundation
import TestSupport
import Testing

/// A shell script stands for fasa-capture: it writes traces that are there, notes its calls, and fails or waits where it is told to.
@Suite struct StudyCommandTests {
  let folder: TemporaryFolder

  private static let script = """
    #!/bin/sh
    echo "$*" >> calls
    [ -e fails ] && { echo "fasa-capture: the text is too short" >&2; exit 2; }
    [ -e waits ] && { echo $$ > pid; touch waiting; exec sleep 60; }
    for word; do [ "$before" = "-o" ] && output=$word; before=$word; done
    case $output in */first.zst) cp first-trace "$output" ;; *) cp other-trace "$output" ;; esac
    """

  init() throws {
    folder = try TemporaryFolder()
    // The second is of another text, as a trace's digest of it says.
    try Inputs.trace(in: folder, name: "first-trace", seed: 1)
    try Inputs.trace(in: folder, name: "other-trace", seed: 2)
    _ = try folder.file(Data("model".utf8), "m.gguf")
    for name in ["first", "second"] { _ = try folder.file(Data("\(name)\n".utf8), "\(name).txt") }
    let program = try folder.file(Data(Self.script.utf8), "fasa-capture")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
  }

  private var environment: [String: String] { ["FASA_CAPTURE": folder.path("fasa-capture")] }

  private func run(_ line: String) throws -> Executable.Outcome {
    try Executable.run(
      ("study m.gguf " + line + " --no-timing").split(separator: " ").map(String.init), in: folder,
      environment: environment)
  }

  @Test func numbersAreStoredAsIsAsked() throws {
    #expect(try run("first.txt second.txt --policy oracle --budget 16 --dtype f32").status == 0)
    #expect(try calls().count == 2 && calls().allSatisfy { $0.contains(" --layers all --dtype f32 ") })
  }

  private func calls() throws -> [Substring] { try folder.text("calls").split(separator: "\n") }

  @Test func theFirstTextCalibratesTheSecondIsScored() throws {
    let outcome = try run("first.txt second.txt --policy oracle,fasa,random --budget 16")
    #expect(outcome.status == 0, "\(outcome.errors)")
    for name in ["first.zst", "second.zst", "profile.json", "runs.db", "report.html", "study.json"] {
      #expect(folder.holds("study-m/\(name)"), "\(name)")
    }
    #expect(try calls().count == 2)
    #expect(
      try calls()[0].hasPrefix("run m.gguf first.txt --most-tokens 2048 --decode 128 --layers all --threads ")
    )
    #expect(try calls()[1].contains("--decode 64"))
    let steps = outcome.errorLines.filter { $0.contains("/5 ") }
    #expect(steps.count == 5 && steps[2].hasPrefix("3/5 calibrated on first.txt: "))
    #expect(outcome.output.contains("study-m/second.zst") && outcome.output.contains("fasa"))

    // The same again makes nothing; another text makes its own trace alone.
    let again = try run(
      "./first.txt second.txt --policy oracle,fasa,random --budget 16 --threads 1 -o study-m/")
    #expect(again.status == 0 && again.errors.contains("1/5 captured ./first.txt: there already"))
    #expect(again.errors.contains("3/5 calibrated on ./first.txt: there already"))
    #expect(try calls().count == 2 && again.digests == outcome.digests)
    _ = try folder.file(Data("changed\n".utf8), "second.txt")
    #expect(try run("first.txt second.txt --policy oracle --budget 16").status == 0)
    #expect(try calls().count == 3)
  }

  @Test func oneTextIsNeverScoredOnWhatCalibrated() throws {
    let outcome = try run("second.txt --policy oracle,fasa --budget 16 -o one --json")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("one text calibrates and is scored: its earliest traced queries"))
    #expect(!folder.holds("one/profile.json"))
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    #expect(object["folder"] as? String == "one" && object["report"] as? String == "one/report.html")
  }

  @Test func whatTheCaptureSaysIsTold() throws {
    _ = try folder.file(Data(), "fails")
    let outcome = try run("first.txt second.txt")
    #expect(outcome.status == 1 && outcome.output.isEmpty)
    #expect(outcome.errors.contains("found fasa-capture: the text is too short; "))
    #expect(!folder.holds("study-m/first.zst") && !folder.holds("study-m/runs.db"))
  }

  @Test func aCaptureThatSaysNothingIsToldByItsStatus() throws {
    let program = try folder.file(Data("#!/bin/sh\nexit 3\n".utf8), "fasa-capture")
    let outcome = try run("first.txt")
    #expect(outcome.status == 1)
    #expect(
      outcome.errors.contains("fasa-capture run m.gguf first.txt: expected a capture, found status 3; "))
    // What is no program is not started.
    _ = try folder.file(Data("not a program\n".utf8), "fasa-capture")
    let unstarted = try run("first.txt")
    #expect(unstarted.status == 1 && unstarted.errors.contains("\(program): expected to start it, found "))
  }

  /// On the search path, and before the checkout's in the working folder's environment.
  @Test(arguments: ["bin", ".venv/bin"]) func theProgramIsFound(place: String) throws {
    let bin = folder.url.appending(path: place)
    try FileManager.default.createDirectory(at: bin, withIntermediateDirectories: true)
    try FileManager.default.moveItem(
      at: folder.url.appending(path: "fasa-capture"), to: bin.appending(path: "fasa-capture"))
    let outcome = try Executable.run(
      ["study", "m.gguf", "first.txt", "--policy", "oracle", "--budget", "16", "--no-timing"], in: folder,
      environment: ["PATH": "\(folder.path("bin")):/usr/bin:/bin"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(try calls().count == 1 && folder.holds("study-m/first.zst"))
  }

  @Test func ctrlCEndsTheCapture() throws {
    _ = try folder.file(Data(), "waits")
    let process = try Executable.process(
      ["study", "m.gguf", "first.txt"], in: folder, environment: environment)
    try process.run()
    for _ in 0..<200 where !folder.holds("waiting") { usleep(50_000) }
    process.interrupt()
    process.waitUntilExit()
    #expect(process.terminationStatus == 130)
    #expect(try folder.text("stderr").contains("interrupted: "))
    let child = try #require(Int32(folder.text("pid").split(separator: "\n")[0]))
    // Who is gone takes no signal.
    #expect(kill(child, 0) == -1)
  }

  @Test(arguments: [
    ("first.txt first.txt", 1, "first.txt: expected each text once"),
    ("none.txt", 1, "none.txt: expected a text, found no file that can be read"),
    ("first.txt --most-tokens 64", 64, "--most-tokens: expected more than the 64 decode steps, found 64"),
    ("first.txt --policy qest", 1, "did you mean 'quest'?"),
    (
      "first.txt --capture none", 1,
      "none: expected the program fasa-capture, found no file that can be run; install it: "
    ),
  ])
  func whatIsWrongIsToldBeforeAnythingIsMade(line: String, status: Int32, message: String) throws {
    let outcome = try run(line)
    #expect(outcome.status == status && outcome.errors.contains(message), "\(outcome.errors)")
    #expect(!folder.holds("study-m") && !folder.holds("calls"))
  }

  @Test func aMissingProgramIsToldWithWhatInstallsIt() throws {
    let outcome = try Executable.run(
      ["study", "m.gguf", "first.txt"], in: folder, environment: ["FASA_CAPTURE": "/nowhere/fasa-capture"])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("install it: python3 -m venv .venv && .venv/bin/pip install ./capture"))
  }
}
