import Attention
import Foundation
import Policies
import Traces

/// Reads sets that another framework chose.
///
/// JSON lines: one object a line with `layer`, `head` (a query head), `position` (of the query's token) and `tokens`. Safetensors:
/// per layer a tensor `layers.L.tokens`, I32 `[query heads, decode steps, most tokens]`, rows filled up with −1; steps are the
/// trace's decode steps in order.
///
/// Either may name the trace that it was chosen on: a line `{"trace_sha256":"…"}`, or that entry of `__metadata__`.
struct ExternalFile {
  let path: String
  let trace: Trace

  private struct Line: Decodable {
    let layer: Int
    let head: Int
    let position: Int
    let tokens: [Int]
  }

  private struct TraceLine: Decodable {
    let digest: String

    enum CodingKeys: String, CodingKey { case digest = "trace_sha256" }
  }

  /// - Throws: ``ReplayError`` or `PolicyError` that names the line or tensor, what was expected and what found.
  func read() throws -> ExternalChoices {
    guard let data = WholeFile.data(path) else {
      throw ReplayError(
        path, expected: "JSON lines or a safetensors file of chosen tokens",
        found: "no file that can be read",
        advice: "check the path")
    }
    var choices = ExternalChoices(path: path, digest: SHA256Digest.hex(of: data))
    if isText(data) {
      try readLines(data, into: &choices)
    } else {
      try readTensors(data, into: &choices)
    }
    return choices
  }

  /// A safetensors file begins with its header's length in 8 bytes, of which the last are zero; one of them may well be a brace.
  private func isText(_ data: Data) -> Bool {
    !data.prefix(8).contains(0) && data.first { !Self.blanks.contains($0) } == UInt8(ascii: "{")
  }

  private static let blanks: Set<UInt8> = Set(" \t\r\n".utf8)

  private func readLines(_ data: Data, into choices: inout ExternalChoices) throws {
    let decoder = JSONDecoder()
    let lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (number, bytes) in lines.enumerated() where !bytes.allSatisfy(Self.blanks.contains) {
      if let line = try? decoder.decode(TraceLine.self, from: bytes) {
        try check(line.digest, of: &choices)
        continue
      }
      guard let line = try? decoder.decode(Line.self, from: bytes) else {
        throw ReplayError(
          "\(path): line \(number + 1)",
          expected: "{\"layer\":…,\"head\":…,\"position\":…,\"tokens\":[…]} with whole numbers",
          found: Excerpt.of(String(decoding: bytes, as: UTF8.self)))
      }
      let place = ExternalChoices.Place(layer: line.layer, queryHead: line.head, position: line.position)
      try choices.add(line.tokens, at: place, visible: visible(place))
    }
  }

  private func readTensors(_ data: Data, into choices: inout ExternalChoices) throws {
    let file = try SafetensorsFile(data: data, path: path)
    if let digest = file.metadata["trace_sha256"] { try check(digest, of: &choices) }
    let decode = TraceGroups(trace).decodeRows.map { trace.queryPositions[$0] }
    let heads = trace.metadata.geometry.queryHeads
    for tensor in file.tensors {
      let parts = tensor.name.split(separator: ".")
      guard parts.count == 3, parts[0] == "layers", parts[2] == "tokens", let layer = Int(parts[1]) else {
        throw ReplayError(
          path, expected: "tensors layers.L.tokens alone", found: "'\(Excerpt.of(tensor.name))'",
          advice: "leave it out")
      }
      guard tensor.dtype == "I32", tensor.shape.count == 3, tensor.shape[0] == heads,
        tensor.shape[1] == decode.count
      else {
        throw ReplayError(
          "\(path): tensor '\(tensor.name)'",
          expected: "I32 [\(heads), \(decode.count), most tokens of a set]",
          found: Excerpt.of("\(tensor.dtype) \(tensor.shape)"))
      }
      let numbers = file.int32(tensor)
      let width = tensor.shape[2]
      for head in 0..<heads {
        for (step, position) in decode.enumerated() {
          let start = (head * decode.count + step) * width
          let place = ExternalChoices.Place(layer: layer, queryHead: head, position: position)
          let tokens = numbers[start..<start + width].filter { $0 != -1 }.map(Int.init)
          try choices.add(tokens, at: place, visible: visible(place))
        }
      }
    }
  }

  /// Holds the trace that a file names against the one that is replayed.
  private func check(_ digest: String, of choices: inout ExternalChoices) throws {
    let own = try trace.digest()
    guard digest.lowercased() == own else {
      throw ReplayError(
        path, expected: "choices on \(trace.path), of SHA-256 \(own.prefix(12))…",
        found: "those on \(Excerpt.of(digest, limit: 12))", advice: "give the file of this trace")
    }
    choices.namesTrace = true
  }

  private func visible(_ place: ExternalChoices.Place) -> Range<Int>? {
    guard trace.metadata.capturedLayers.contains(place.layer),
      (0..<trace.metadata.geometry.queryHeads).contains(place.queryHead),
      let row = trace.queryPositions.firstIndex(of: place.position),
      place.position >= trace.metadata.tokens.prompt
    else { return nil }
    return TraceGroups(trace).steps(rows: [row], layer: place.layer).first?.visible
  }
}
