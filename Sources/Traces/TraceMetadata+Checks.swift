import Foundation

extension TraceMetadata {
  /// Largest T. Opening a trace reads all token numbers; more than any context, these are 64 MiB.
  static let tokenLimit = 1 << 24

  /// Largest count of layers, heads and channels: many times any model's, and with `tokenLimit` small enough
  /// that no product of a tensor's counts overflows.
  static let countLimit = 1 << 16
  /// Largest RoPE base; contexts of four million tokens take some 5e10.
  static let baseLimit = 1e15
  /// Range of scale and softcap, which are 32-bit floats in the kernels: their products must stay finite.
  static let factors = 1e-9...1e9
  /// Largest sliding window.
  static let windowLimit = Int(Int32.max)

  /// Longest text, in UTF-8 bytes: titles and names are shown, stored and compared whole.
  static let textLimit = 4096

  /// Checks that the values agree with one another.
  ///
  /// - Throws: `TraceError` of kind `invalidMetadata` that names the key.
  func check(file: String) throws {
    try checkTexts(file)
    try checkGeometry(file)
    try checkTokens(file)
    try checkRope(file)
    try checkAttention(file)
    try checkOutputProjection(file)
    try checkScores(file)
  }

  func require(
    _ condition: Bool, _ file: String, _ part: String, _ expected: String, _ found: Any
  ) throws {
    if condition { return }
    throw TraceError(
      .invalidMetadata, file: file, part: "\(Self.key).\(part)", expected: expected, found: "\(found)",
      advice: TraceError.captureAgain)
  }

  private func checkTexts(_ file: String) throws {
    let texts = [
      ("model.name", model.name), ("model.architecture", model.architecture),
      ("model.weights", model.weights),
      ("model.sha256", model.sha256), ("text.title", text.title), ("text.licence", text.licence),
      ("text.kind", text.kind), ("text.sha256", text.sha256), ("capture.tool", capture.tool),
      ("capture.engine", capture.engine), ("capture.created", capture.created),
    ]
    for (name, text) in texts { try checkText(text, file, name) }
  }

  func checkText(_ text: String, _ file: String, _ part: String) throws {
    try require(
      text.utf8.count <= Self.textLimit, file, part, "at most \(Self.textLimit) bytes", "\(text.utf8.count)")
  }

  private func checkGeometry(_ file: String) throws {
    let counts = [
      ("layers", geometry.layers), ("query_heads", geometry.queryHeads), ("kv_heads", geometry.kvHeads),
      ("head_dim", geometry.headDim), ("value_dim", geometry.valueDim),
    ]
    for (name, count) in counts {
      try require(
        (1...Self.countLimit).contains(count), file, "geometry.\(name)",
        "a number from 1 to \(Self.countLimit)", count)
    }
    try require(
      geometry.queryHeads.isMultiple(of: geometry.kvHeads), file, "geometry.query_heads",
      "a multiple of the \(geometry.kvHeads) KV heads", geometry.queryHeads)
    try require(!capturedLayers.isEmpty, file, "captured_layers", "at least one layer", "none")
    var seen: Set<Int> = []
    for layer in capturedLayers {
      try require(
        (0..<geometry.layers).contains(layer), file, "captured_layers",
        "layers from 0 to \(geometry.layers - 1)", layer)
      try require(
        seen.insert(layer).inserted, file, "captured_layers", "layers that differ", "\(layer) twice")
    }
  }

  private func checkTokens(_ file: String) throws {
    for (name, count) in [("prompt", tokens.prompt), ("decode", tokens.decode)] {
      try require(
        (0...Self.tokenLimit).contains(count), file, "tokens.\(name)",
        "a number from 0 to \(Self.tokenLimit)", count)
    }
    try require(
      (1...Self.tokenLimit).contains(tokens.total), file, "tokens", "1 to \(Self.tokenLimit) tokens in all",
      tokens.total)
  }

  private func checkRope(_ file: String) throws {
    try require(
      rope.rotaryDim.isMultiple(of: 2) && 2 <= rope.rotaryDim && rope.rotaryDim <= geometry.headDim, file,
      "rope.rotary_dim", "an even number from 2 to the head dimension \(geometry.headDim)", rope.rotaryDim)
    if let frequencies = rope.frequencies { try checkFrequencies(frequencies, file, "rope.frequencies") }
    try checkLayers(rope.layerFrequencies, file, "rope.layer_frequencies")
    for frequencies in rope.layerFrequencies?.values ?? [] {
      try checkFrequencies(frequencies, file, "rope.layer_frequencies")
    }
    try checkBase(rope.base, file, "rope.base")
    try checkLayers(rope.layerBases, file, "rope.layer_bases")
    for base in rope.layerBases?.values ?? [] {
      try checkBase(base, file, "rope.layer_bases")
    }
  }

  private func checkBase(_ base: Double, _ file: String, _ part: String) throws {
    try require(
      base > 0 && base <= Self.baseLimit, file, part, "a number above 0 and at most \(Self.baseLimit)", base)
    if rope.frequencies == nil { try checkTurn(fastest(base), file, part, found: base) }
  }

  private func checkFrequencies(_ frequencies: [Double], _ file: String, _ part: String) throws {
    try require(
      frequencies.count == rope.rotaryDim / 2, file, part, "\(rope.rotaryDim / 2) values, one per chunk",
      "\(frequencies.count)")
    for frequency in frequencies {
      try require(
        frequency >= 0 && frequency.isFinite, file, part, "finite values of at least 0", frequency)
      try checkTurn(frequency, file, part, found: frequency)
    }
  }

  /// The fastest chunk's radians per token: the first one's, or where the base is below 1, the last one's.
  private func fastest(_ base: Double) -> Double {
    max(1, pow(base, 2 / Double(rope.rotaryDim) - 1))
  }

  /// Sines of larger angles have few right digits, and angles beyond all numbers have none.
  private func checkTurn(_ frequency: Double, _ file: String, _ part: String, found: Double) throws {
    try require(
      frequency * Double(tokens.total) < 1e9, file, part,
      "rotations of less than 1e9 radians over the \(tokens.total) tokens", found)
  }

  private func checkAttention(_ file: String) throws {
    try checkFactor(attention.scale, file, "attention.scale")
    if let cap = attention.logitSoftcap { try checkFactor(cap, file, "attention.logit_softcap") }
    if let window = attention.slidingWindow { try checkWindow(window, file, "attention.sliding_window") }
    try checkLayers(attention.layerWindows, file, "attention.layer_windows")
    for window in attention.layerWindows?.values ?? [] {
      try checkWindow(window, file, "attention.layer_windows")
    }
  }

  private func checkOutputProjection(_ file: String) throws {
    guard let projection = outputProjection else { return }
    try require(
      (1...Self.countLimit).contains(projection.channels), file, "output_projection.channels",
      "a number from 1 to \(Self.countLimit)", projection.channels)
    try checkAnnounced(projection.layers, file, "output_projection.layers")
  }

  /// Layers that hold something beyond what every captured one does.
  func checkAnnounced(_ layers: [Int], _ file: String, _ part: String) throws {
    try require(!layers.isEmpty, file, part, "at least one layer", "none")
    let captured = Set(capturedLayers)
    var seen: Set<Int> = []
    for layer in layers {
      try require(captured.contains(layer), file, part, "captured layers", layer)
      try require(seen.insert(layer).inserted, file, part, "layers that differ", "\(layer) twice")
    }
  }

  private func checkFactor(_ factor: Double, _ file: String, _ part: String) throws {
    try require(
      Self.factors.contains(factor), file, part,
      "a number from \(Self.factors.lowerBound) to \(Self.factors.upperBound)", factor)
  }

  private func checkWindow(_ window: Int, _ file: String, _ part: String) throws {
    try require(
      (1...Self.windowLimit).contains(window), file, part, "1 to \(Self.windowLimit) tokens or null", window)
  }

  private func checkLayers<Value>(_ values: PerLayer<Value>?, _ file: String, _ part: String) throws {
    switch values {
    case nil: break
    case .list(let list):
      try require(
        [geometry.layers, capturedLayers.count].contains(list.count), file, part,
        "\(geometry.layers) values, one per layer, or \(capturedLayers.count), one per captured layer",
        "\(list.count)")
    case .byLayer(let map):
      for layer in map.keys {
        try require(
          (0..<geometry.layers).contains(layer), file, part, "layers from 0 to \(geometry.layers - 1)", layer)
      }
    }
  }
}
