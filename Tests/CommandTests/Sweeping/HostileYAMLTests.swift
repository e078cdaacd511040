import Foundation
import TestSupport
import Testing

@testable import Experiments
@testable import fasa_sim

/// Whatever a sweep's or a machine's file holds, it is read or refused, soon.
@Suite struct HostileYAMLTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
  }

  static let sound = "traces: [t.zst]\npolicies: [oracle]\nbudgets: [8]\n"

  /// Lists of the list before, nine times each.
  static func bomb(levels: Int) -> String {
    var text = "a0: &a0 [x]\n"
    for level in 1...levels {
      let inner = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
      text += "a\(level): &a\(level) [\(inner)]\n"
    }
    return text
  }

  static func numbers() -> [String] {
    [
      "9223372036854775807", "-1", "1e308", "nan", "0x10", "²", "1.5", "null", "~", "true", "[[1]]", "{a: 1}",
      "\"\"",
    ]
  }

  static var files: [String: String] {
    var files = [
      "bomb": bomb(levels: 12) + sound, "bomb as a key": bomb(levels: 12) + "? *a12\n: x\n" + sound,
      "deep flow": "traces: " + String(repeating: "[", count: 200_000),
      "deep mapping": "traces: " + String(repeating: "{a: ", count: 200_000),
      "deep dashes": String(repeating: "- ", count: 200_000),
      "nested to the limit": "traces: " + String(repeating: "[", count: 900)
        + String(repeating: "]", count: 900),
      "huge scalar": "traces: [\(String(repeating: "x", count: 900_000))]\n",
      "huge key": "\(String(repeating: "x", count: 900_000)): 1\n" + sound,
      "long key": "? \(String(repeating: "x", count: 900_000))\n: 1\n" + sound,
      "larger than any": String(repeating: "# nothing\n", count: 200_000),
      "twice": sound + "budgets: [9]\n", "control": "traces: [\"\u{1}\"]\n", "empty": "",
      "two": sound + "---\n" + sound,
      "undefined alias": "traces: *none\n", "itself": "traces: &a [*a]\npolicies: [oracle]\nbudgets: [8]\n",
      "merge": "x: &x {sinks: 1}\npolicies: [{oracle: {<<: *x}}]\n", "tag": "traces: !!binary aGVsbG8=\n",
      "many policies":
        "traces: [t.zst]\nbudgets: [8]\npolicies: [\(Array(repeating: "oracle", count: 50_000).joined(separator: ","))]\n",
    ]
    for (index, number) in numbers().enumerated() {
      for field in [
        "layers", "heads", "steps", "seed", "budgets", "timing", "detail", "traces", "policies", "hardware",
      ] {
        files["\(field) \(index)"] =
          sound.split(separator: "\n").filter { !$0.hasPrefix(field) }.joined(separator: "\n")
          + "\n\(field): \(number)\n"
      }
    }
    return files
  }

  @Test func sweepsAreReadOrRefused() throws {
    for (name, text) in Self.files {
      _ = try folder.file(Data(text.utf8), "s.yaml")
      let ending = try Executable.ending(
        ["sweep", "s.yaml", "--dry-run", "--db", "none.db"], in: folder, limit: 60)
      #expect(ending.isOrderly, "\(name): \(ending.outcome.status) \(ending.outcome.errors.prefix(300))")
    }
  }

  @Test func machinesAreReadOrRefused() throws {
    let machine = try Executable.run(["hardware", "show", "h100-sxm"], in: folder).output
    var files = Self.files.filter { !$0.key.contains(where: \.isNumber) }
    for number in Self.numbers() + ["1e21", "1e-3", "0"] {
      for field in [
        "capacity_bytes", "bandwidth_bytes_per_s", "compute_units", "latency_ns", "f16", "payload_bytes",
      ] {
        files["\(field) \(number)"] = machine.split(separator: "\n").map { line in
          line.trimmingCharacters(in: .whitespaces).hasPrefix("\(field):")
            ? line.prefix { $0 == " " } + "\(field): \(number)" : String(line)
        }.joined(separator: "\n")
      }
    }
    let filled = try Executable.run(
      ["replay", "t.zst", "--policy", "oracle,streaming-llm", "--no-timing", "--db", "r.db"], in: folder)
    #expect(filled.status == 0)
    for (name, text) in files {
      _ = try folder.file(Data(text.utf8), "m.yaml")
      for command in [
        ["hardware", "show", "./m.yaml"],
        [
          "model", "--db", "r.db", "--hardware", "./m.yaml", "--no-store", "--geometry", "llama-3.1-8b",
          "--context",
          "1m", "--batch", "1,1024", "--sensitivity",
        ],
      ] {
        let ending = try Executable.ending(command, in: folder, limit: 60)
        #expect(
          ending.isOrderly,
          "\(name): \(command[0]) \(ending.outcome.status) \(ending.outcome.errors.prefix(300))")
      }
    }
  }

  @Test func whatIsWrongIsSaid() throws {
    for (text, message) in [
      (
        Self.bomb(levels: 3) + Self.sound,
        "s.yaml: expected at most 16 aliases (*name), found 27; write out what they stand for"
      ),
      (
        String(repeating: "#\n", count: 1 << 20),
        "s.yaml: expected a YAML file of at most 1048576 bytes, found a larger one; give the file that is meant, or split it"
      ),
    ] {
      _ = try folder.file(Data(text.utf8), "s.yaml")
      let run = try Executable.run(["sweep", "s.yaml", "--dry-run"], in: folder)
      #expect(run.status == 1 && run.errors == "Error: \(message)\n", "\(run.errors)")
    }
    // A few aliases do what they are for.
    let few = "traces: [t.zst]\npolicies: [oracle]\nbudgets: &few [8, 9]\nlayers: &one [0]\nheads: *one\n"
    _ = try folder.file(Data(few.utf8), "s.yaml")
    #expect(try Executable.run(["sweep", "s.yaml", "--dry-run", "--db", "none.db"], in: folder).status == 0)
  }
}
