import Foundation

extension TraceMetadata {
  /// The key of `__metadata__` that holds the JSON.
  static let key = "fasa-trace"

  /// Reads and checks the JSON under `fasa-trace`.
  init(json: String, file: String) throws {
    let document: JSONValue
    do { document = try JSONReader.read(Array(json.utf8)) } catch let error as JSONError {
      throw TraceError(
        .invalidMetadata, file: file, part: "\(Self.key), byte \(error.offset)", expected: error.expected,
        found: error.found, advice: TraceError.captureAgain)
    }
    do {
      // The version first: another version's keys may differ in any way.
      let version = try JSONValueDecoder.decode(Version.self, from: document).version
      guard version == Self.currentVersion else {
        throw TraceError(
          .unknownVersion, file: file, part: "\(Self.key).version", expected: "\(Self.currentVersion)",
          found: "\(version)", advice: "use a fasa-sim that reads that version")
      }
      self = try JSONValueDecoder.decode(Self.self, from: document)
    } catch let error as DecodingError {
      throw Self.readable(error, file: file)
    }
    try check(file: file)
  }

  /// The JSON for `fasa-trace`, the same bytes for equal metadata.
  func json(file: String) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    } catch {
      throw TraceError(
        .invalidMetadata, file: file, part: Self.key, expected: "values that JSON can hold", found: "\(error)"
      )
    }
  }

  private struct Version: Decodable {
    let version: Int
  }

  private static func readable(_ error: DecodingError, file: String) -> TraceError {
    func path(_ context: DecodingError.Context, _ last: (any CodingKey)? = nil) -> String {
      (context.codingPath + (last.map { [$0] } ?? [])).reduce(key) { path, key in
        key.intValue.map { "\(path)[\($0)]" } ?? "\(path).\(key.stringValue)"
      }
    }
    func invalid(_ context: DecodingError.Context, _ expected: String, _ found: String) -> TraceError {
      TraceError(
        .invalidMetadata, file: file, part: path(context), expected: expected, found: found,
        advice: TraceError.captureAgain)
    }
    switch error {
    case .keyNotFound(let key, let context):
      return TraceError(
        .missingKey, file: file, part: path(context, key), expected: "this required key", found: "none",
        advice: TraceError.captureAgain)
    case .valueNotFound(let type, let context): return invalid(context, "a value of type \(type)", "null")
    case .typeMismatch(let type, let context):
      return invalid(context, "a value of type \(type)", "another type")
    case .dataCorrupted(let context):
      return invalid(context, "a value that the format allows", context.debugDescription)
    @unknown default:
      return TraceError(
        .invalidMetadata, file: file, part: key, expected: "metadata of version 1", found: "\(error)")
    }
  }
}
