import Attention
import Foundation
import Simulator
import Traces

/// A replay whose exact results are written down, to be found again on every machine.
package struct PinnedReplay: Codable, Sendable {
  /// The trace's file, beside the list.
  package let trace: String
  package let traceDigest: String
  /// As on the command line.
  package let policies: [String]
  package let budgets: [String]
  /// Nil for all captured.
  package let layers: String?
  /// Nil for all.
  package let steps: String?
  /// By a configuration's label, its exact-results digest.
  package let digests: [String: String]

  enum CodingKeys: String, CodingKey {
    case trace, policies, budgets, layers, steps, digests
    case traceDigest = "trace_digest"
  }

  /// The same with what was found.
  func pinned(_ digests: [String: String], traceDigest: String) -> PinnedReplay {
    PinnedReplay(
      trace: trace, traceDigest: traceDigest, policies: policies, budgets: budgets, layers: layers,
      steps: steps,
      digests: digests)
  }
}

extension PinnedReplay {
  /// Where the bundled list and its traces may lie, first come first served.
  package static var bundled: String? {
    DataFolders.named("traces", variable: "FASA_SIM_TRACES").map {
      $0.appendingPathComponent("digests.json").path
    }
    .first { FileManager.default.fileExists(atPath: $0) }
  }

  /// - Throws: `ReplayError` where the file is no such list.
  package static func list(_ path: String) throws -> [PinnedReplay] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw ReplayError(
        path, expected: "a list of pinned replays", found: "no file that can be read",
        advice: "check the path")
    }
    do {
      let list = try JSONDecoder().decode([PinnedReplay].self, from: data)
      if !list.isEmpty { return list }
    } catch {
      throw ReplayError(
        path, expected: "a list of pinned replays, as traces/digests.json is", found: "\(error)",
        advice: "take the one that came with this version")
    }
    throw ReplayError(path, expected: "a list of pinned replays", found: "an empty one")
  }

  /// Writes a list, in one piece.
  static func write(_ list: [PinnedReplay], to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let file = try OutputFile(path: path)
    try file.write(String(decoding: encoder.encode(list), as: UTF8.self) + "\n")
    try file.publish()
  }
}
