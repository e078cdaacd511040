import Foundation
import Policies
import Testing

@testable import Simulator
@testable import Traces

/// Sets that another framework chose.
@Suite struct ExternalFileTests {
  let folder: TemporaryFolder
  let trace: Trace

  init() throws {
    folder = try TemporaryFolder()
    // Layers 0 and 1, query heads 0 to 5, decode positions 40 to 42.
    trace = try HandTrace(prompt: 40, decode: 3, window: 2).trace(in: folder)
  }

  private func line(_ layer: Int, _ head: Int, _ position: Int, _ tokens: [Int]) -> String {
    "{\"layer\":\(layer),\"head\":\(head),\"position\":\(position),\"tokens\":\(tokens)}"
  }

  /// Every place once, by `tokens`.
  private func lines(_ tokens: (Int, Int, Int) -> [Int]) -> [String] {
    (0..<2).flatMap { layer in
      (0..<6).flatMap { head in (40..<43).map { line(layer, head, $0, tokens(layer, head, $0)) } }
    }
  }

  private func run(_ file: String) throws -> ReplayResult {
    try Replay(trace).run(
      ReplayConfiguration.grid(
        PolicyGrammar.parse(["external:file=\(file)", "streaming-llm:sinks=1"]), budgets: [.tokens(4)]),
      options: ReplayOptions())
  }

  @Test func setsAreScoredLikeAPolicys() throws {
    let text =
      lines { _, _, position in [position, 0, position - 2, position - 1] }.joined(separator: "\n") + "\n"
    let result = try run(folder.file(Data(text.utf8), "c.jsonl"))
    let (external, streaming) = (result.configurations[0], result.configurations[1])
    for (left, right) in zip(external.heads, streaming.heads) {
      #expect(left.choiceHashes == right.choiceHashes)
      for metric in [Metric.recall, .mass, .outputError] {
        #expect(Array(left[metric]) == Array(right[metric]))
      }
    }
    #expect(external.inputDigest?.count == 64 && streaming.inputDigest == nil)
  }

  /// A file of another trace of the same shape is told from one of this trace where it says its own.
  @Test func theTraceThatAFileNamesIsHeldAgainstThisOne() throws {
    let sets = lines { _, _, position in [position] }
    let unsaid = try run(folder.file(Data(sets.joined(separator: "\n").utf8), "u.jsonl"))
    #expect(
      unsaid.notes == [
        "\(folder.path("u.jsonl")) does not say which trace it was chosen on (trace_sha256): its layers, heads and positions alone were compared"
      ])
    func named(_ digest: String) throws -> String {
      let text = (["{\"trace_sha256\":\"\(digest)\"}"] + sets).joined(separator: "\n")
      return try folder.file(Data(text.utf8), "n.jsonl")
    }
    let own = try trace.digest()
    let said = try run(named(own))
    #expect(said.notes.isEmpty)
    // The line names no set.
    let (left, right) = (said.configurations[0], unsaid.configurations[0])
    #expect(left.heads.map(\.choiceHashes) == right.heads.map(\.choiceHashes))
    let other = String(repeating: "ab", count: 32)
    let path = try named(other)
    #expect(
      throws: ReplayError(
        path, expected: "choices on \(trace.path), of SHA-256 \(own.prefix(12))…",
        found: "those on abababababab…", advice: "give the file of this trace")
    ) { try run(path) }
  }

  @Test func aSafetensorsFileSaysTheSame() throws {
    let text = lines { layer, head, position in Array(0..<1 + (layer + head + position) % 4) }.joined(
      separator: "\n")
    let first = try run(folder.file(Data(text.utf8), "c.jsonl"))
    var numbers: [Int32] = []
    for layer in 0..<2 {
      for head in 0..<6 {
        for position in 40..<43 {
          let count = 1 + (layer + head + position) % 4
          numbers += (0..<4).map { $0 < count ? Int32($0) : -1 }
        }
      }
    }
    let header =
      #"{"layers.0.tokens":{"dtype":"I32","shape":[6,3,4],"data_offsets":[0,288]},"layers.1.tokens":{"dtype":"I32","shape":[6,3,4],"data_offsets":[288,576]},"__metadata__":{"by":"test"}}"#
    let second = try run(folder.file(Self.safetensors(header, numbers), "c.safetensors"))
    #expect(
      first.configurations[0].heads.map(\.choiceHashes) == second.configurations[0].heads.map(\.choiceHashes))
    #expect(
      first.configurations[0].heads.map { Array($0[.outputError]) }
        == second.configurations[0].heads.map { Array($0[.outputError]) })
  }

  static func safetensors(_ header: String, _ numbers: [Int32]) -> Data {
    var data = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
    data += Data(header.utf8)
    for number in numbers { data += withUnsafeBytes(of: number.littleEndian) { Data($0) } }
    return data
  }

  private func message(_ text: String) throws -> String? {
    let path = try folder.file(Data(text.utf8), "bad.jsonl")
    do {
      _ = try run(path)
      return nil
    } catch {
      return "\(error)".replacing(path, with: "F")
    }
  }

  @Test func badFilesAreRefused() throws {
    let good = lines { _, _, position in [position] }
    func with(_ index: Int, _ line: String) -> String {
      var lines = good
      lines[index] = line
      return lines.joined(separator: "\n")
    }
    #expect(try message(good.joined(separator: "\n")) == nil)
    #expect(
      try message(good.dropLast().joined(separator: "\n"))
        == "F: layer 1, query head 5, position 42: expected a set for every layer, query head and step that is scored, found none; name its tokens too, or score less"
    )
    #expect(
      try message(with(0, line(0, 0, 40, [41])))
        == "F: layer 0, query head 0, position 40: expected tokens 0 to 40, which the query sees, found token 41; choose among those"
    )
    #expect(
      try message(with(0, line(0, 0, 40, [-1])))
        == "F: layer 0, query head 0, position 40: expected tokens 0 to 40, which the query sees, found token -1; choose among those"
    )
    #expect(
      try message(with(0, line(0, 0, 40, [3, 1, 3])))
        == "F: layer 0, query head 0, position 40: expected distinct tokens, found token 3 twice; leave one out"
    )
    #expect(
      try message(with(0, line(0, 0, 40, [])))
        == "F: layer 0, query head 0, position 40: expected one token at least, found none; name those that it attends to"
    )
    #expect(
      try message(with(0, line(0, 1, 40, [3])))
        == "F: layer 0, query head 1, position 40: expected each set once, found it again; leave one out")
    for (layer, head, position) in [(2, 0, 40), (0, 6, 40), (0, 0, 39), (0, 0, 43)] {
      #expect(
        try message(with(0, line(layer, head, position, [3])))
          == "F: layer \(layer), query head \(head), position \(position): expected a layer, query head and decode position of the trace, found one that it lacks; give the file of this trace"
      )
    }
    #expect(try message(with(3, "{\"layer\":0}"))?.hasPrefix("F: line 4: expected {\"layer\"") == true)
    #expect(
      try message("\n \r\n" + with(3, "{\"layer\":0}"))?.hasPrefix("F: line 6: expected {\"layer\"") == true)
    #expect(
      try message("nothing")
        == "F: expected JSON lines or a safetensors file of chosen tokens, found neither; give another file")
    #expect(throws: ReplayError.self) { try run(folder.path("absent")) }
  }

  /// A header of 123 bytes begins with an opening brace's byte.
  @Test func aHeadersLengthIsNoBrace() throws {
    var header = #"{"layers.0.q":{"dtype":"I32","shape":[6,3,1],"data_offsets":[0,72]}}"#
    header += String(repeating: " ", count: 123 - header.utf8.count)
    var data = Data([123, 0, 0, 0, 0, 0, 0, 0])
    data.append(Data(header.utf8))
    data.append(Data(count: 72))
    let path = try folder.file(data, "brace.safetensors")
    let error = #expect(throws: ReplayError.self) { try run(path) }
    #expect(
      error?.description
        == "\(path): expected tensors layers.L.tokens alone, found 'layers.0.q'; leave it out")
  }

  /// Blank lines before, between and after the sets say nothing.
  @Test func blankLinesAreSkipped() throws {
    let text = "\n" + lines { _, _, position in [position] }.joined(separator: "\n\n") + "\n\n"
    let result = try run(folder.file(Data(text.utf8), "blank.jsonl"))
    #expect(result.configurations[0].heads[0][.selected, 0] == 1)
  }

  @Test func badTensorsAreRefused() throws {
    func message(_ header: String, _ numbers: [Int32] = Array(repeating: 0, count: 18)) throws -> String? {
      let path = try folder.file(Self.safetensors(header, numbers), "bad.safetensors")
      do {
        _ = try run(path)
        return nil
      } catch { return "\(error)".replacing(path, with: "F") }
    }
    #expect(
      try message(#"{"layers.0.tokens":{"dtype":"I32","shape":[6,2,1],"data_offsets":[0,48]}}"#)
        == "F: tensor 'layers.0.tokens': expected I32 [6, 3, most tokens of a set], found I32 [6, 2, 1]")
    #expect(
      try message(#"{"layers.0.q":{"dtype":"I32","shape":[6,3,1],"data_offsets":[0,72]}}"#)
        == "F: expected tensors layers.L.tokens alone, found 'layers.0.q'; leave it out")
    #expect(
      try message(#"{"layers.0.tokens":{"dtype":"I32","shape":[6,3,1],"data_offsets":[0,900]}}"#)
        == "F: tensor 'layers.0.tokens': expected a shape and offsets that fit the file, found others; write it again"
    )
    #expect(
      try message(
        #"{"layers.0.tokens":{"dtype":"I32","shape":[2147483647,2147483647,2147483647],"data_offsets":[0,72]}}"#
      )
        == "F: tensor 'layers.0.tokens': expected a shape and offsets that fit the file, found others; write it again"
    )
  }
}
