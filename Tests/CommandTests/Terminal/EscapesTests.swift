import Foundation
import TestSupport
import Testing

@testable import Experiments
@testable import fasa_sim

/// What a file, a path or a database says reaches no terminal as a command, and forges no line.
@Suite struct EscapesTests {
  static let hostile = "a\u{1B}]0;owned\u{7}\u{9B}31m\nexact results 0\u{202E}b<script>|"
  static let harmful = "\u{1B}\u{7}\u{9B}\u{202E}"

  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    let made = try Executable.run(
      ["synth", "plain.st", "--tokens", "120", "--decode", "40", "--layers", "0", "--plain"], in: folder)
    #expect(made.status == 0)
    _ = try folder.file(try Self.named(Data(contentsOf: folder.url.appending(path: "plain.st"))), "t.st")
  }

  /// A trace whose title, licence and model have hostile names.
  private static func named(_ trace: Data) throws -> Data {
    let length = trace.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    var header = String(decoding: trace[8..<8 + length], as: UTF8.self)
    let inner = String(decoding: try JSONEncoder().encode(hostile), as: UTF8.self)
    let outer = String(decoding: try JSONEncoder().encode(inner), as: UTF8.self).dropFirst().dropLast()
    for name in ["title", "licence", "architecture"] {
      header = header.replacing("\\\"\(name)\\\":\\\"none\\\"", with: "\\\"\(name)\\\":\(outer)")
    }
    header = header.replacing("\\\"name\\\":\\\"synthetic\\\"", with: "\\\"name\\\":\(outer)")
    while header.utf8.count % 8 != length % 8 { header += " " }
    var count = UInt64(header.utf8.count).littleEndian
    return Data(bytes: &count, count: 8) + Data(header.utf8) + trace[(8 + length)...]
  }

  static func isClean(_ text: String) -> Bool {
    !text.unicodeScalars.contains { harmful.unicodeScalars.contains($0) }
  }

  static let commands = [
    "info t.st", "info t.st --json", "replay t.st --policy oracle,streaming-llm --no-timing --db r.db",
    "replay t.st --policy oracle --no-timing --db :memory: --json", "replay t.st --policy loki --db :memory:",
    "sweep t.st --policy oracle --budget 8 --no-timing --db :memory:",
    "sweep t.st --policy oracle --budget 8 --dry-run --db none.db",
    "explore t.st --max-output-error 0.5 --policy streaming-llm --max-trials 10 --db :memory:",
    "calibrate t.st -o p.json", "replay t.st --layers 7", "replay t.st --profile t.st",
  ]

  @Test func tracesAreToldByTheirNames() throws {
    for command in Self.commands {
      let run = try Executable.run(command.split(separator: " ").map(String.init), in: folder)
      #expect(Self.isClean(run.output) && Self.isClean(run.errors), "\(command)")
      #expect(!run.output.split(separator: "\n").contains { $0.hasPrefix("exact results 0") }, "\(command)")
      #expect(
        run.status != 0 || run.output.contains("owned") || command.contains("sweep"), "\(command)\n\(run)")
    }
  }

  @Test func databasesAreToldByTheirNames() throws {
    let filled = try Executable.run(
      "replay t.st --policy oracle,streaming-llm --no-timing --detail step --db r.db".split(separator: " ")
        .map(String.init), in: folder)
    #expect(filled.status == 0, "\(filled)")
    let commands = [
      ["compare", "oracle@256", "streaming-llm@256", "--db", "r.db"],
      ["compare", "oracle@256", "streaming-llm@256", "--db", "r.db", "--markdown"],
      ["compare", "oracle@256", "streaming-llm@256", "--db", "r.db", "--json"],
      ["model", "--db", "r.db", "--hardware", "h100-sxm"],
      ["model", "--db", "r.db", "--hardware", "h100-sxm", "--json"],
    ]
    for command in commands {
      let run = try Executable.run(command, in: folder)
      #expect(run.status == 0, "\(command) \(run)")
      #expect(Self.isClean(run.output) && Self.isClean(run.errors), "\(command)")
      #expect(run.output.contains("owned"), "\(command)")
      if command.contains("--markdown") { #expect(!run.output.contains("<script>"), "\(run.output)") }
    }
    let report = try Executable.run(["report", "--db", "r.db", "-o", "r.html"], in: folder)
    #expect(report.status == 0, "\(report)")
    #expect(!(try folder.text("r.html")).contains("b<script>"))
  }

  /// Names that the command line, a folder or a file gives, in errors.
  @Test func errorsQuoteWithoutObeying() throws {
    let yaml = "traces: [\"a\\u001b[2J\"]\npolicies: [\"x\\u001b[2J\\u202e\"]\nbudgets: [8]\n"
    _ = try folder.file(Data(yaml.utf8), "s.yaml")
    _ = try folder.file(Data("name: \"\\u001b[2J\"\n".utf8), "m.yaml")
    _ = try folder.file(Data("{\"version\":1}".utf8), "p\u{1B}[2J.json")
    for command in [
      ["info", Self.hostile], ["policies", Self.hostile], ["replay", "t.st", "--policy", Self.hostile],
      ["replay", "t.st", "--policy", "fasa:chunks=" + Self.hostile],
      ["replay", "t.st", "--budget", Self.hostile],
      ["replay", "t.st", "--layers", Self.hostile], ["replay", "t.st", "--hardware", Self.hostile],
      ["replay", "t.st", "--profile", "p\u{1B}[2J.json"], ["replay", "t.st", "--db", "none/" + Self.hostile],
      ["replay", "t.st", Self.hostile], ["sweep", "s.yaml"], ["hardware", "show", "./m.yaml"],
      ["--" + Self.hostile], [Self.hostile], ["compare", Self.hostile, "b"],
      ["export", Self.hostile, "-o", "a.csv"],
      ["explore", "t.st", "--vary", Self.hostile, "--min-recall", "0.5"],
    ] {
      let ending = try Executable.ending(command, in: folder)
      #expect(!ending.isKilled && ending.outcome.status != 0, "\(command)")
      #expect(Self.isClean(ending.outcome.errors), "\(command): \(ending.outcome.errors.debugDescription)")
      if ending.outcome.status == 1 {
        #expect(ending.outcome.errorLines.count == 1, "\(command) \(ending.outcome.errors)")
      }
    }
  }
}
