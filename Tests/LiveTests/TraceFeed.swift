import Attention
import Live
import Policies
import Simulator
import Traces

/// Steps a session with a trace's own queries, keys and values, the same for every row: what a model would do that its rows
/// do not change.
struct TraceFeed {
  let trace: Trace
  let layers: [LayerTensors]

  init(_ trace: Trace) throws {
    self.trace = trace
    layers = try trace.metadata.capturedLayers.map { try trace.layer($0) }
  }

  private var metadata: TraceMetadata { trace.metadata }
  private var geometry: Geometry { metadata.geometry }
  private var window: Int { trace.queryPositions.count { $0 < metadata.tokens.prompt } }

  var model: LiveModel {
    LiveModel(
      name: metadata.model.name, geometry: geometry, scale: metadata.attention.scale,
      logitSoftcap: metadata.attention.logitSoftcap, slidingWindow: metadata.attention.slidingWindow,
      layerWindows: metadata.attention.layerWindows.map { _ in all(metadata.slidingWindow) },
      rope: .init(
        pairing: metadata.rope.pairing, base: metadata.rope.base, rotaryDim: metadata.rope.rotaryDim,
        layerBases: metadata.rope.layerBases.map { _ in all(metadata.ropeBase) }))
  }

  private func all<Value>(_ value: (Int) -> Value) -> [Value] { (0..<geometry.layers).map(value) }

  func options(threads: Int = 1, profile: LoadedProfile? = nil) -> LiveOptions {
    LiveOptions(
      promptTokens: metadata.tokens.prompt, steps: metadata.tokens.decode, threads: threads, profile: profile)
  }

  func givePrompt(_ session: LiveSession) throws {
    let (prompt, total) = (metadata.tokens.prompt, metadata.tokens.total)
    for (layer, tensors) in layers.enumerated() {
      let keys = rows(tensors.k.floatValues(), of: total, 0..<prompt, geometry.headDim)
      let values = rows(tensors.v.floatValues(), of: total, 0..<prompt, geometry.valueDim)
      let queries = rows(
        tensors.q.floatValues(), of: trace.queryPositions.count, 0..<window, geometry.headDim)
      try session.prompt(
        layer: layer, tokens: prompt, keys: keys, values: values, window: window,
        queries: window > 0 ? queries : nil, attention: tensors.promptAttention?.floatValues())
    }
  }

  /// All layers of one step.
  ///
  /// - Returns: `[layer][row][query head][channel]`, flat from the row on.
  @discardableResult
  func step(_ session: LiveSession, _ step: Int) throws -> [[Float]] {
    let count = session.configurations.count
    let token = metadata.tokens.prompt + step
    return try layers.enumerated().map { layer, tensors in
      func all(_ values: [Float]) -> [Float] { Array(repeating: values, count: count).flatMap(\.self) }
      let total = metadata.tokens.total
      var out = Array(
        repeating: Float(0), count: count * geometry.queryHeads * geometry.valueDim)
      try session.step(
        layer: layer,
        queries: all(
          rows(
            tensors.q.floatValues(), of: trace.queryPositions.count, window + step..<window + step + 1,
            geometry.headDim)),
        keys: all(rows(tensors.k.floatValues(), of: total, token..<token + 1, geometry.headDim)),
        values: all(rows(tensors.v.floatValues(), of: total, token..<token + 1, geometry.valueDim)),
        into: &out)
      return out
    }
  }

  func run(_ session: LiveSession) throws {
    for step in 0..<metadata.tokens.decode { try self.step(session, step) }
  }

  /// Some rows of every head, `[heads][range][width]`.
  private func rows(_ all: [Float], of count: Int, _ range: Range<Int>, _ width: Int) -> [Float] {
    stride(from: 0, to: all.count, by: count * width).flatMap {
      all[$0 + range.lowerBound * width..<$0 + range.upperBound * width]
    }
  }
}
