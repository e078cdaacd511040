import Foundation
import Policies

@testable import Simulator

/// A profile of agreement measured by loops.
struct NaiveProfile {
  /// `[layer][query head][chunk]`
  let values: [[[Double]]]
  let chunks: Int
  private let trace: HandTrace

  /// The window is small, so that agreements differ.
  static let window = 20

  init(_ naive: NaiveReplay, rows: [Int]) throws {
    trace = naive.trace
    let geometry = naive.trace.metadata.geometry
    chunks = naive.trace.metadata.rope.rotaryDim / 2
    values = (0..<geometry.layers).map { layer in
      (0..<geometry.queryHeads).map { head in
        naive.agreement(layer: layer, head: head, rows: Array(rows.prefix(3)), window: Self.window)
      }
    }
  }

  /// As a profile of the trace's model, calibrated on another text.
  var profile: CalibrationProfile {
    let metadata = trace.metadata
    let geometry = metadata.geometry
    return CalibrationProfile(
      version: CalibrationProfile.currentVersion,
      model: .init(
        name: metadata.model.name, sha256: metadata.model.sha256, layers: geometry.layers,
        queryHeads: geometry.queryHeads, kvHeads: geometry.kvHeads, headDim: geometry.headDim),
      slices: .rope, pairing: metadata.rope.pairing == .half ? .half : .interleaved,
      texts: [
        .init(
          title: "other numbers", kind: "synthetic", sha256: String(repeating: "cd", count: 32), tokens: 100,
          queries: 3, traceDigest: String(repeating: "ef", count: 32))
      ],
      layers: values.enumerated().map { .init(layer: $0.offset, window: Self.window, agreement: $0.element) })
  }

  func loaded(in folder: TemporaryFolder) throws -> LoadedProfile {
    try LoadedProfile(path: folder.file(profile.encoded(), "profile.json"))
  }
}
