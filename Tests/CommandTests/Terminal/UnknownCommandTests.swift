import ArgumentParser
import TestSupport
import Testing

@testable import fasa_sim

@Suite struct UnknownCommandTests {
  @Test(arguments: [
    ("repaly t.zst", "'repaly': expected a command, found none of that name; did you mean 'replay'?"),
    ("rep t.zst", "'rep': expected a command, found none of that name; did you mean 'replay' or 'report'?"),
    ("hardware lst", "'hardware lst': expected a command, found none of that name; did you mean 'list'?"),
    ("help exprot", "'exprot': expected a command, found none of that name; did you mean 'export'?"),
    (
      "bench krenels", "'bench krenels': expected a command, found none of that name; did you mean 'kernels'?"
    ),
    ("zzzzzz", "'zzzzzz': expected a command, found none of that name; choose from study, replay, sweep, "),
  ])
  func aMisspeltCommandIsTold(line: String, message: String) throws {
    let folder = try TemporaryFolder()
    let run = try Executable.run(line.split(separator: " ").map(String.init), in: folder)
    #expect(run.status == 64 && run.output.isEmpty)
    #expect(run.errors.hasPrefix("Error: \(message)"), "\(run.errors)")
  }

  /// What is no command's place is left to the parser.
  @Test(arguments: [
    "", "help", "--version", "replay repaly", "bench --tokens 64", "help hardware list", "info help",
  ])
  func othersPass(line: String) {
    #expect(throws: Never.self) { try UnknownCommand.refuse(line.split(separator: " ").map(String.init)) }
  }
}
