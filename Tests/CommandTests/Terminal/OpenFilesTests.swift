import TestSupport
import Testing

@testable import fasa_sim

/// Where too few files may be opened the system's own library ends the process with a trap: that is said before.
@Suite struct OpenFilesTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
  }

  @Test(arguments: [9, 16, 47]) func tooFewAreRefused(files: Int) throws {
    let found = try Executable.shell(
      "ulimit -n \(files); exec $FASA replay t.zst --policy oracle", in: folder)
    #expect(found.isRefusal)
    #expect(
      found.outcome.errors
        == "Error: open files: expected a limit of 48 or more, found \(files); raise it: ulimit -n 48\n")
  }

  @Test func enoughAreEnough() throws {
    let found = try Executable.shell(
      "ulimit -n 48; exec $FASA replay t.zst --policy oracle --budget 10 --hardware h100-sxm --threads 4",
      in: folder)
    #expect(found.outcome.status == 0 && found.outcome.errors.isEmpty)
  }

  @Test func moreAreTakenWhereTheyMayBe() throws {
    let found = try Executable.shell(
      "ulimit -S -n 9; exec $FASA replay t.zst --policy oracle --budget 10", in: folder)
    #expect(found.outcome.status == 0)
  }
}
