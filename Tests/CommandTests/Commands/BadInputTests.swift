import Foundation
import Results
import TestSupport
import Testing

@testable import Experiments
@testable import fasa_sim

/// Whatever is wrong is said in one line, with what was expected and found, and nothing is written.
@Suite struct BadInputTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
    _ = try folder.file(Data("hello\n".utf8), "text.txt")
    _ = try folder.file(Data("{}".utf8), "empty.json")
    let whole = try Data(contentsOf: folder.url.appending(path: "t.zst"))
    _ = try folder.file(whole.prefix(whole.count / 2), "cut.zst")
    var flipped = whole
    flipped[whole.count / 2] ^= 0x10
    _ = try folder.file(flipped, "flipped.zst")
  }

  static let inputs: [(arguments: String, message: String)] = [
    (
      "replay none.zst", "none.zst: expected a readable file, found No such file or directory; check the path"
    ),
    (
      "replay text.txt",
      "text.txt: expected a Zstandard or safetensors file, found 6 bytes that begin otherwise; give a trace that fasa-capture wrote"
    ),
    ("replay cut.zst", "; copy or download the file again"),
    ("replay flipped.zst --policy oracle", "; copy or download the file again"),
    ("replay t.zst text.txt --policy oracle", "text.txt: expected a Zstandard"),
    (
      "replay t.zst --policy random --budget-bytes 0.001",
      "t.zst: expected a policy that can run on it, found none; left out: random: one token with what it reads to choose costs more than 0.1 % of dense attention's bytes"
    ),
    (
      "replay t.zst --policy nope",
      "policy 'nope': expected one that there is, found none of that name; choose from dense, oracle, oracle-mass"
    ),
    (
      "replay t.zst --policy oracle,qest",
      "policy 'qest': expected one that there is, found none of that name; did you mean 'quest'?"
    ),
    (
      "replay t.zst --policy fasa:scope=haed",
      "policy 'fasa': scope: expected head|group|layer|union|union-cut, found 'haed'; did you mean 'head'?"
    ),
    (
      "replay t.zst --policy fasa:chunkz=1",
      "policy 'fasa': expected one of its parameters, found 'chunkz'; did you mean 'chunks'?"
    ),
    (
      "replay t.zst --policy fasa:nothing=1",
      "policy 'fasa': expected one of its parameters, found 'nothing'; choose from chunks, pairing"
    ),
    (
      "replay t.zst --policy fasa:chunks=0",
      "policy 'fasa': chunks: expected a count, or a share such as 0.25 or 25%, found '0'"
    ),
    (
      "replay t.zst --policy fasa:chunks=",
      "policy 'fasa:chunks=': expected NAME or NAME:PARAMETER=VALUE,…, found 'chunks='"
    ),
    (
      "replay t.zst --policy oracle,oracle",
      "policy 'oracle': expected each policy once, found it twice; leave one out"
    ),
    ("replay t.zst --budget 9,9", "budget 9: expected each budget once, found it twice; leave one out"),
    ("replay t.zst --layers 2", "t.zst: expected layers among its 0-1, found 2; choose among those"),
    ("replay t.zst --heads 6", "t.zst: expected query heads among its 0-5, found 6; choose among those"),
    (
      "replay t.zst --steps 30-40",
      "t.zst: expected steps among its decode steps 0-39, found 30-40; choose among those"
    ),
    (
      "replay t.zst --profile none.json",
      "none.json: expected a calibration profile, found no file that can be read; check the path"
    ),
    (
      "replay t.zst --profile empty.json",
      "empty.json: expected a calibration profile, found JSON without 'version'; give one that a calibration wrote"
    ),
    (
      "replay t.zst --policy oracle --db text.txt",
      "text.txt: expected a SQLite database, found another kind of file; name another file"
    ),
    ("replay t.zst --policy oracle --db none/r.db", "; create it, or name another file"),
    (
      "replay t.zst --policy oracle --db file:r.db?mode=memory",
      "file:r.db?mode=memory: expected the name of a file, found a URI; name a file; one that is called so is ./file:r.db?mode=memory"
    ),
    (
      "sweep t.zst --policy oracle --budget 9 --db file:r.db?mode=memory",
      "file:r.db?mode=memory: expected the name of a file, found a URI; name a file; one that is called so is ./file:r.db?mode=memory"
    ),
    (
      "report --db file:r.db?mode=memory",
      "file:r.db?mode=memory: expected the name of a file, found a URI; name a file; one that is called so is ./file:r.db?mode=memory"
    ),
    (
      "export summary -o s.csv --db file:r.db?mode=memory",
      "file:r.db?mode=memory: expected the name of a file, found a URI; name a file; one that is called so is ./file:r.db?mode=memory"
    ),
    (
      "compare a b --db file:r.db?mode=memory",
      "file:r.db?mode=memory: expected the name of a file, found a URI; name a file; one that is called so is ./file:r.db?mode=memory"
    ),
    (
      "model --hardware a100-40gb --db file:r.db?mode=memory",
      "file:r.db?mode=memory: expected the name of a file, found a URI; name a file; one that is called so is ./file:r.db?mode=memory"
    ),
    ("info none.zst", "none.zst: expected a readable file"),
    ("info cut.zst", "; copy or download the file again"),
    ("info flipped.zst --verify", "; copy or download the file again"),
    ("policies nope", "policy 'nope': expected one that there is"),
    ("calibrate none.zst -o p.json", "none.zst: expected a readable file"),
    (
      "calibrate t.zst --layers 2 -o p.json",
      "t.zst: expected layers among its 0-1, found 2; choose among those"
    ),
    (
      "calibrate t.zst -o text.txt",
      "text.txt: expected a name that is free, found it taken; give --force to replace it, or another name"
    ),
    (
      "calibrate t.zst --layers 0 -o none/p.json",
      "none/p.json: expected to write the file, found No such file"
    ),
  ]

  func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.url.path()).filter { !$0.hasPrefix("std") }
      .sorted()
  }

  @Test(arguments: inputs.indices) func oneLineAndExit1(index: Int) throws {
    let (arguments, message) = Self.inputs[index]
    let before = try names()
    let run = try Executable.run(arguments.split(separator: " ").map(String.init), in: folder)
    #expect(run.status == 1)
    #expect(run.output.isEmpty)
    #expect(run.errorLines.count == 1)
    #expect(run.errors.hasPrefix("Error: ") && run.errors.contains(message), "\(run.errors)")
    #expect(try folder.text("text.txt") == "hello\n")
    let left = try names().filter { !before.contains($0) }
    // Damage inside a layer is met when the layer is read: by then there is a database, with nothing in it.
    #expect(left.isEmpty || (arguments.contains("flipped") && left == ["runs.db"]), "\(left)")
    if left == ["runs.db"] {
      #expect(try ResultsStore(path: folder.path("runs.db"), access: .readOnly).configurations().isEmpty)
    }
  }

  @Test(arguments: [
    "replay", "replay t.zst --budget 0", "replay t.zst --budget 1,x", "replay t.zst --layers x",
    "replay t.zst --steps 3,5", "replay t.zst --threads 0", "replay t.zst --isa sse9",
    "replay t.zst --detail all", "replay t.zst --budget 8 --budget-bytes 0.2",
    "replay t.zst --nope", "calibrate t.zst", "calibrate t.zst -o p.json --window 0", "calibrate -o p.json",
    "info",
    "nope",
  ])
  func aCommandLineThatCannotBeReadIsExit64(arguments: String) throws {
    let before = try names()
    let run = try Executable.run(arguments.split(separator: " ").map(String.init), in: folder)
    #expect(run.status == 64)
    #expect(run.output.isEmpty)
    #expect(run.errors.hasPrefix("Error: ") && run.errors.contains("\nUsage: fasa-sim"), "\(run.errors)")
    #expect(try names() == before)
  }
}
