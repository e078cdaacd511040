import Attention
import Foundation
import Simulator
import Traces

/// What `info` tells.
package struct TraceInfo: Encodable {
  let path: String
  let container: String
  let fileBytes: Int
  let contentBytes: Int
  let digest: String
  let verified: Bool
  let engineAgreement: EngineAgreement?
  let tracedQueries: Int
  let observationWindow: Int
  package let tensors: [TensorLine]
  /// How the declared rotation was verified when the trace was captured, for people.
  let rotation: String
  /// What the captured layers see and how they rotate, equal ones together.
  let layers: [LayerKind]
  let metadata: TraceMetadata

  package struct TensorLine: Encodable {
    let name: String
    let dtype: String
    let shape: [Int]
    let bytes: Int
  }

  package init(_ trace: Trace, digest: String, isVerified: Bool, agreement: EngineAgreement? = nil) {
    engineAgreement = agreement
    path = trace.path
    container = "\(trace.container)"
    fileBytes = trace.fileSize
    contentBytes = trace.contentSize
    self.digest = digest
    verified = isVerified
    tracedQueries = trace.queryPositions.count
    observationWindow = trace.queryPositions.filter { $0 < trace.metadata.tokens.prompt }.count
    tensors = trace.tensors.map {
      TensorLine(name: $0.name, dtype: $0.dtype, shape: $0.shape, bytes: $0.byteCount)
    }
    rotation = Self.rotation(trace.metadata.capture.rotationCheck)
    layers = LayerKind.all(trace.metadata)
    metadata = trace.metadata
  }

  private static func rotation(_ check: TraceMetadata.RotationCheck?) -> String {
    guard let check else { return "not stated: nothing says that it was verified in every captured layer" }
    let shifts = check.shifts.map(NumberText.grouped).joined(separator: " and ")
    return "verified when captured by \(check.method): \(check.tokens) tokens, moved by \(shifts), "
      + "turn as stated within \(scientific(check.largestError)), tolerance \(check.tolerance)"
  }

  package var text: String { document.text() }

  package var document: Document {
    let model = metadata.model
    let geometry = metadata.geometry
    let rope = metadata.rope
    let projection = metadata.outputProjection.map {
      (
        "projections",
        "of layers \(NumberRanges.text($0.layers.sorted())), to \(NumberText.grouped($0.channels)) channels"
      )
    }
    let scores = [
      metadata.scores?.index.map {
        "\($0.name): an indexer of \($0.heads) heads of \($0.channels), layers \(NumberRanges.text($0.layers.sorted()))"
      },
      metadata.scores?.token.map {
        "\($0.name): a score a token, layers \(NumberRanges.text($0.layers.sorted()))"
      },
      metadata.scores?.valueNorm.map {
        "norms of projected values, layers \(NumberRanges.text($0.layers.sorted()))"
      },
    ].compactMap(\.self)
    let all: [(String, String)?] = [
      (
        "trace",
        "\(path) (\(container), \(NumberText.bytes(fileBytes)), \(NumberText.bytes(contentBytes)) uncompressed)"
      ),
      ("sha256", digest),
      ("model", "\(model.name), \(model.architecture), \(model.weights)"),
      (
        "geometry",
        "\(geometry.layers) layers, \(geometry.queryHeads) query heads, \(geometry.kvHeads) KV heads, d \(geometry.headDim), dv \(geometry.valueDim)"
      ),
      ("captured layers", NumberRanges.text(metadata.capturedLayers.sorted())),
      (
        "rope",
        "\(rope.rotaryDim / 2) chunks, \(rope.pairing.rawValue) pairs"
          + (alike.map { ", \($0.rotationText)" } ?? "")
      ),
      ("rotation", rotation),
      ("text", "\(metadata.text.title) (\(metadata.text.kind), \(metadata.text.licence))"),
      (
        "tokens",
        "\(NumberText.grouped(metadata.tokens.total)): \(NumberText.grouped(metadata.tokens.prompt)) prompt, \(metadata.tokens.decode) decode, \(metadata.capture.sampling.rawValue)"
      ),
      (
        "queries", "\(tracedQueries) traced, \(observationWindow) of them an observation window in the prompt"
      ),
      (
        "tensors",
        "\(tensors.count), stored as \(Set(tensors.map { Excerpt.of($0.dtype, limit: 16) }).sorted().joined(separator: ", "))"
      ),
      projection,
      scores.isEmpty ? nil : ("scores", scores.joined(separator: "; ")),
      ("captured", "\(metadata.capture.created) by \(metadata.capture.tool) with \(metadata.capture.engine)"),
      (
        "check",
        verified
          ? "every frame, checksum and value is sound"
          : "header and offsets are sound; frames are not verified"
      ),
    ]
    var lines = all.compactMap(\.self)
    if let rope = lines.firstIndex(where: { $0.0 == "rope" }) {
      lines.insert(contentsOf: kinds, at: rope + 1)
    }
    if let engine = engineAgreement {
      lines.append(
        (
          "engine's output",
          "ours differs by \(Self.scientific(engine.medianRelativeError)) (median), \(Self.scientific(engine.largestRelativeError)) (largest) over \(NumberText.grouped(engine.rows)) heads and positions of layers \(NumberRanges.text(engine.layers.sorted()))"
        ))
    }
    return Document([.fields(lines.map { (name: $0.0, value: $0.1) })])
  }

  /// Of all captured layers where they are alike.
  private var alike: LayerKind? { layers.count == 1 ? layers.first : nil }

  /// A line for each kind of layer, or for the window of all of them.
  private var kinds: [(String, String)] {
    if let alike { return alike.windowTokens == nil ? [] : [("attention", alike.windowText)] }
    return layers.enumerated().map { index, kind in
      (index == 0 ? "attention" : "", "layers \(NumberRanges.text(kind.layers)): \(kind.text)")
    }
  }

  private static func scientific(_ value: Double) -> String { String(format: "%.1e", value) }
}
