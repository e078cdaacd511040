import Foundation
import Testing

@testable import Traces

@Suite struct TraceMetadataTests {
  private func read(_ spoil: (inout TraceBytes) -> Void = { _ in }) throws -> TraceMetadata {
    var trace = TraceBytes()
    spoil(&trace)
    let json = try JSONSerialization.data(withJSONObject: trace.metadata)
    return try TraceMetadata(json: trace.metadataText ?? String(decoding: json, as: UTF8.self), file: "t")
  }

  @Test func writtenMetadataIsReadBack() throws {
    let metadata = try read {
      $0.set("rope.frequencies", [1.5, 0.25])
      $0.set("rope.layer_bases", ["1": 1e6])
      $0.set("attention.layer_windows", [NSNull(), 4])
      $0.set("attention.logit_softcap", 30)
    }
    #expect(try TraceMetadata(json: metadata.json(file: "t"), file: "t") == metadata)
  }

  @Test(
    arguments: [
      ("geometry.layers", 0, "geometry.layers: expected a number from 1 to 65536, found 0"),
      (
        "geometry.head_dim", 1 << 31,
        "geometry.head_dim: expected a number from 1 to 65536, found 2147483648"
      ),
      ("geometry.kv_heads", 3, "geometry.query_heads: expected a multiple of the 3 KV heads, found 2"),
      ("captured_layers", [Int](), "captured_layers: expected at least one layer, found none"),
      ("captured_layers", [2], "captured_layers: expected layers from 0 to 1, found 2"),
      ("captured_layers", [1, 1], "captured_layers: expected layers that differ, found 1 twice"),
      ("captured_layers", ["1"], "captured_layers[0]: expected a value of type Int, found another type"),
      ("tokens.prompt", -1, "tokens.prompt: expected a number from 0 to 16777216, found -1"),
      ("tokens.decode", 1 << 24, "tokens: expected 1 to 16777216 tokens in all, found 16777219"),
      ("rope.base", 0, "rope.base: expected a number above 0 and at most 1000000000000000.0, found 0.0"),
      (
        "rope.base", 1e308,
        "rope.base: expected a number above 0 and at most 1000000000000000.0, found 1e+308"
      ),
      ("rope.base", NSNull(), "rope.base: expected a value of type Double, found null"),
      (
        "rope.rotary_dim", 3,
        "rope.rotary_dim: expected an even number from 2 to the head dimension 4, found 3"
      ),
      (
        "rope.rotary_dim", 6,
        "rope.rotary_dim: expected an even number from 2 to the head dimension 4, found 6"
      ),
      (
        "rope.rotary_dim", 0,
        "rope.rotary_dim: expected an even number from 2 to the head dimension 4, found 0"
      ),
      ("rope.frequencies", [1.0], "rope.frequencies: expected 2 values, one per chunk, found 1"),
      ("rope.frequencies", [1.0, -1], "rope.frequencies: expected finite values of at least 0, found -1.0"),
      (
        "rope.frequencies", [1.0, 1e300],
        "rope.frequencies: expected rotations of less than 1e9 radians over the 5 tokens, found 1e+300"
      ),
      (
        "rope.frequencies", [2e8, 1],
        "rope.frequencies: expected rotations of less than 1e9 radians over the 5 tokens, found 200000000.0"
      ),
      (
        "rope.base", 1e-300,
        "rope.base: expected rotations of less than 1e9 radians over the 5 tokens, found 1e-300"
      ),
      (
        "rope.layer_bases", [1e-300],
        "rope.layer_bases: expected rotations of less than 1e9 radians over the 5 tokens, found 1e-300"
      ),
      (
        "rope.layer_frequencies", [[1.0]],
        "rope.layer_frequencies: expected 2 values, one per chunk, found 1"
      ),
      (
        "rope.layer_frequencies", ["1": [1.0, 1e300]],
        "rope.layer_frequencies: expected rotations of less than 1e9 radians over the 5 tokens, found 1e+300"
      ),
      (
        "rope.layer_frequencies", ["2": [1.0, 1]],
        "rope.layer_frequencies: expected layers from 0 to 1, found 2"
      ),
      ("rope.layer_bases", ["2": 1.0], "rope.layer_bases: expected layers from 0 to 1, found 2"),
      (
        "rope.layer_bases", [1.0, -1],
        "rope.layer_bases: expected a number above 0 and at most 1000000000000000.0, found -1.0"
      ),
      (
        "rope.layer_bases", [1.0, 1, 1],
        "rope.layer_bases: expected 2 values, one per layer, or 1, one per captured layer, found 3"
      ),
      ("attention.scale", -1, "attention.scale: expected a number from 1e-09 to 1000000000.0, found -1.0"),
      (
        "attention.logit_softcap", 0,
        "attention.logit_softcap: expected a number from 1e-09 to 1000000000.0, found 0.0"
      ),
      (
        "attention.sliding_window", 0,
        "attention.sliding_window: expected 1 to 2147483647 tokens or null, found 0"
      ),
      (
        "attention.layer_windows", [0],
        "attention.layer_windows: expected 1 to 2147483647 tokens or null, found 0"
      ),
    ] as [(String, any Sendable, String)])
  func valuesThatContradict(path: String, value: any Sendable, message: String) throws {
    #expect {
      try read { $0.set(path, value) }
    } throws: {
      "\($0)" == "t: fasa-trace.\(message); capture the trace again"
    }
  }

  @Test(arguments: ["rope.pairing", "capture.sampling"]) func namesThatAreNotKnown(path: String) {
    #expect {
      try read { $0.set(path, "other") }
    } throws: {
      guard let error = $0 as? TraceError else { return false }
      return error.kind == .invalidMetadata && error.part == "fasa-trace.\(path)"
        && error.found.contains("other")
    }
  }

  @Test func anotherVersionIsNamedBeforeItsKeys() {
    #expect {
      try read { $0.metadataText = "{\"version\": 7}" }
    } throws: {
      ($0 as? TraceError)?.kind == .unknownVersion
    }
  }

  @Test func deepMetadataIsRefused() {
    #expect {
      try read { $0.metadataText = String(repeating: "[", count: 100_000) }
    } throws: {
      "\($0)"
        == "t: fasa-trace, byte 65: expected nesting of at most 64 levels, "
        + "found more; capture the trace again"
    }
  }

  @Test func layersHaveTheirOwnValues() throws {
    let general = try read { $0.set("attention.sliding_window", 9) }
    #expect(general.ropeBase(layer: 1) == 10_000)
    #expect(general.slidingWindow(layer: 1) == 9)
    let captured = try read {
      $0.set("rope.layer_bases", [5.0])
      $0.set("attention.layer_windows", ["1": NSNull()])
      $0.set("attention.sliding_window", 9)
    }
    #expect(captured.ropeBase(layer: 1) == 5)
    #expect(captured.ropeBase(layer: 0) == 10_000)
    #expect(captured.slidingWindow(layer: 1) == nil)
    #expect(captured.slidingWindow(layer: 0) == 9)
    let all = try read { $0.set("rope.layer_bases", [5.0, 6.0]) }
    #expect(all.ropeBase(layer: 1) == 6)
    let partial = try read { $0.set("rope.layer_bases", [7.0, NSNull()]) }
    #expect(partial.ropeBase(layer: 1) == 10_000)
  }

  @Test func frequenciesFollowTheBaseUnlessGiven() throws {
    #expect(try read().rotationFrequencies(layer: 1) == [1, 0.01])
    #expect(try read { $0.set("rope.frequencies", [0.5, 0]) }.rotationFrequencies(layer: 1) == [0.5, 0])
  }
  @Test func layersHaveTheirOwnFrequencies() throws {
    // Layer 0 of two keeps its base's; layer 1 alone is captured.
    let all = try read {
      $0.set("rope.layer_bases", [100.0, 10_000])
      $0.set("rope.layer_frequencies", [NSNull(), [0.5, 0.25]])
    }
    #expect(all.rotationFrequencies(layer: 0) == [1, 0.1])
    #expect(all.rotationFrequencies(layer: 1) == [0.5, 0.25])
    let captured = try read { $0.set("rope.layer_frequencies", [[0.5, 0.25]]) }
    #expect(captured.rotationFrequencies(layer: 0) == [1, 0.01])
    #expect(captured.rotationFrequencies(layer: 1) == [0.5, 0.25])
    let named = try read {
      $0.set("rope.frequencies", [0.125, 0])
      $0.set("rope.layer_frequencies", ["1": NSNull()])
    }
    #expect(named.rotationFrequencies(layer: 0) == [0.125, 0])
    #expect(named.rotationFrequencies(layer: 1) == [1, 0.01])
    #expect(try TraceMetadata(json: named.json(file: "t"), file: "t") == named)
  }

  @Test func howTheRotationWasVerifiedIsReadAndWritten() throws {
    #expect(try read().capture.rotationCheck == nil)
    let metadata = try read {
      $0.set(
        "capture.rotation_check",
        [
          "method": "shifted tokens", "tokens": 32, "shifts": [1, 96], "largest_error": 1e-6,
          "largest_error_layer": 1, "tolerance": 0.02,
        ] as [String: any Sendable])
    }
    let check = TraceMetadata.RotationCheck(
      method: "shifted tokens", tokens: 32, shifts: [1, 96], largestError: 1e-6, largestErrorLayer: 1,
      tolerance: 0.02)
    #expect(metadata.capture.rotationCheck == check)
    #expect(try TraceMetadata(json: metadata.json(file: "t"), file: "t") == metadata)
  }
}
