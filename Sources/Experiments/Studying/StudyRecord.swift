import Attention
import Foundation
import Traces

/// What a study's folder holds, and from what each file was made: what is there of the same inputs is not made again.
struct StudyRecord {
  private let path: String
  /// By a file's name in the folder, however that was typed, the digest of all that it was made from.
  private var made: [String: String]

  init(folder: String) {
    path = "\(folder)/study.json"
    let data = FileManager.default.contents(atPath: path) ?? Data()
    made = (try? JSONDecoder().decode([String: String].self, from: data)) ?? [:]
  }

  func holds(_ file: String, madeFrom inputs: [String]) -> Bool {
    made[Self.name(file)] == Self.digest(inputs) && FileManager.default.fileExists(atPath: file)
  }

  /// Notes a file that is whole.
  mutating func add(_ file: String, madeFrom inputs: [String]) throws {
    made[Self.name(file)] = Self.digest(inputs)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    let output = try OutputFile(path: path)
    try output.write(encoder.encode(made))
    try output.publish()
  }

  private static func name(_ file: String) -> String { URL(fileURLWithPath: file).lastPathComponent }

  private static func digest(_ inputs: [String]) -> String {
    SHA256Digest.hex(of: inputs.joined(separator: "\u{0}").utf8)
  }

  /// A file or folder by size and time: a model's bytes take longer to read than a small study takes.
  static func state(of path: String) -> String {
    let files = FileManager.default
    let inside = (try? files.contentsOfDirectory(atPath: path)) ?? []
    let root = URL(fileURLWithPath: path)
    let names =
      inside.isEmpty
      ? [(root.lastPathComponent, root)] : inside.sorted().map { ($0, root.appending(path: $0)) }
    return names.map { name, file in
      // Of what a link leads to.
      let attributes = try? files.attributesOfItem(atPath: file.resolvingSymlinksInPath().path)
      let time = (attributes?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
      return "\(name) \(attributes?[.size] ?? 0) \(time)"
    }.joined(separator: "\n")
  }
}
