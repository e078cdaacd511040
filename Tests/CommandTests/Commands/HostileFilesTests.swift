import Foundation
import TestSupport
import Testing

@testable import Experiments
@testable import fasa_sim

/// Tables, choices and profiles of any content are read or refused.
@Suite struct HostileFilesTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
  }

  static let numbers = [
    "9223372036854775807", "-9223372036854775808", "-1", "2147483648", "1e308", "1e-320", "1.5", "nan",
    "null", "\"1\"",
    "[]", "{}", "true", String(repeating: "9", count: 5000),
  ]

  static var choices: [String] {
    let line = "{\"layer\":0,\"head\":0,\"position\":80,\"tokens\":[1]}"
    var files = numbers.flatMap { number in
      [":0,\"head", ":0,\"position", ":80", "[1]"].map { place in
        let value = place == "[1]" ? "[\(number)]" : place.replacing(/^:[0-9]+/, with: ":\(number)")
        return line.replacing(place, with: value, maxReplacements: 1)
      }
    }
    files += [
      String(repeating: "[", count: 100_000), "{\"a\":" + String(repeating: "[", count: 100_000),
      "{\"layer\":0,\"head\":0,\"position\":80,\"tokens\":[\(Array(repeating: "1", count: 300_000).joined(separator: ","))]}",
      String(repeating: line + "\n", count: 20_000), "{" + String(repeating: " ", count: 1_000_000), "{",
      "{}\0",
      "\u{8}\0\0\0\0\0\0\0{}      ",
      "\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}{}",
    ]
    return files
  }

  @Test func choicesAreReadOrRefused() throws {
    for text in Self.choices {
      _ = try folder.file(Data(text.utf8), "c.jsonl")
      let ending = try Executable.ending(
        ["replay", "t.zst", "--policy", "external:file=c.jsonl", "--no-timing", "--db", ":memory:"],
        in: folder,
        limit: 60)
      #expect(
        ending.isRefusal, "\(text.prefix(100)): \(ending.outcome.status) \(ending.outcome.errors.prefix(300))"
      )
      #expect(ending.outcome.errorLines.count == 1)
    }
  }

  /// What never ends is no file.
  @Test func devicesAreRefused() throws {
    for arguments in [
      ["replay", "t.zst", "--policy", "external:file=/dev/zero"],
      ["replay", "t.zst", "--profile", "/dev/zero"],
      ["hardware", "validate", "--no-local", "--measurements", "/dev/zero"],
      ["hardware", "show", "/dev/zero"],
      ["hardware", "import", "aiconfigurator", "/dev/zero"],
      ["info", "/dev/zero"],
      ["replay", "t.zst", "--policy", "oracle", "--hardware", "/dev/zero", "--db", ":memory:"],
    ] {
      let ending = try Executable.ending(arguments, in: folder, limit: 20)
      #expect(ending.isRefusal && ending.outcome.errorLines.count == 1, "\(arguments) \(ending)")
    }
  }

  /// A pipe that nobody writes into is waited for by no command, and none takes its place.
  @Test func pipesAreRefused() throws {
    #expect(mkfifo(folder.path("pipe"), 0o600) == 0)
    _ = try Executable.run(
      ["replay", "t.zst", "--policy", "oracle", "--no-timing", "--db", "runs.db"], in: folder)
    for arguments in [
      ["info", "pipe"], ["replay", "pipe", "--policy", "oracle"], ["calibrate", "pipe", "-o", "c.json"],
      ["replay", "t.zst", "--policy", "oracle", "--db", "pipe"], ["report", "--db", "pipe"],
      ["export", "--db", "pipe", "--list"], ["compare", "--db", "pipe", "a", "b"],
      ["model", "--db", "pipe", "--hardware", "a10g"],
      ["hardware", "import", "aiconfigurator", "pipe"],
      ["report", "--db", "runs.db", "-o", "pipe"], ["report", "--db", "runs.db", "-o", "/dev/null"],
      ["calibrate", "t.zst", "-o", "pipe"],
    ] {
      let ending = try Executable.ending(arguments, in: folder, limit: 20)
      #expect(ending.isRefusal && ending.outcome.errorLines.count == 1, "\(arguments) \(ending)")
    }
    var status = stat()
    #expect(stat(folder.path("pipe"), &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
  }

  @Test func measurementsAreReadOrRefused() throws {
    let header =
      "device_kind,device,kernel,dtype,batch,sequence_length,heads,head_dim,rank_r,top_k,duration_s"
    let cells = ["gpu", "A100-SXM4-40GB", "k", "float16", "1", "4096", "32", "128", "", "", "0.001"]
    var files = [
      header, "", "#", header + "\n,", String(repeating: ",", count: 100_000),
      header + "\n" + String(repeating: "x", count: 1_000_000),
    ]
    for place in 4..<cells.count {
      for number in Self.numbers + ["1e12", "1", "0", "0x10", "²", "-nan"] {
        var row = cells
        row[place] = number.replacing("\"", with: "")
        files.append(header + "\n" + cells.joined(separator: ",") + "\n" + row.joined(separator: ","))
      }
    }
    for text in files {
      _ = try folder.file(Data(text.utf8), "m.csv")
      let ending = try Executable.ending(
        ["hardware", "validate", "--no-local", "--cases", "--measurements", "m.csv"], in: folder, limit: 60)
      #expect(
        ending.isOrderly, "\(text.suffix(120)): \(ending.outcome.status) \(ending.outcome.errors.prefix(300))"
      )
    }
  }

  @Test func profilesAreReadOrRefused() throws {
    try Inputs.profile(in: folder)
    let profile = try folder.text("p.json")
    for key in [
      "layers", "query_heads", "kv_heads", "head_dim", "window", "layer", "queries", "tokens", "version",
    ] {
      for number in Self.numbers {
        let text = profile.replacing(
          try Regex("\"\(key)\":-?[0-9.e+-]+"), with: "\"\(key)\":\(number)", maxReplacements: 1)
        _ = try folder.file(Data(text.utf8), "q.json")
        let ending = try Executable.ending(
          [
            "replay", "t.zst", "--policy", "fasa,loki,triattention", "--no-timing", "--db", ":memory:",
            "--steps", "0-3",
            "--profile", "q.json",
          ], in: folder, limit: 60)
        #expect(
          ending.isOrderly,
          "\(key) \(number.prefix(40)): \(ending.outcome.status) \(ending.outcome.errors.prefix(300))")
      }
    }
  }
}
