/// Values of single layers, in either of the two ways that a trace may write them.
public enum PerLayer<Value: Codable & Sendable & Equatable>: Codable, Sendable, Equatable {
  /// A JSON array: one for each layer of the model or, where it is not as long as that, for each captured
  /// layer in the order of `captured_layers`.
  case list([Value?])
  /// A JSON object from a layer's number to its value; layers that are not in it have the general one.
  case byLayer([Int: Value?])

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let list = try? container.decode([Value?].self) {
      self = .list(list)
      return
    }
    var byLayer: [Int: Value?] = [:]
    for (key, value) in try container.decode([String: Value?].self) {
      // Not "01" or "+1": two keys would name one layer.
      guard let layer = Int(key), "\(layer)" == key else {
        throw DecodingError.dataCorruptedError(
          in: container,
          debugDescription: "the key \"\(Excerpt.of(key, limit: 20))\", which is no layer's number")
      }
      byLayer[layer] = .some(value)
    }
    self = .byLayer(byLayer)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .list(let values): try container.encode(values)
    case .byLayer(let values): try container.encode(values)
    }
  }

  /// What is said of a layer: nil where nothing is, `.some(nil)` where null is.
  func value(_ layer: Int, in metadata: TraceMetadata) -> Value?? {
    switch self {
    case .byLayer(let values): return values[layer]
    case .list(let values):
      let index =
        values.count == metadata.geometry.layers ? layer : metadata.capturedLayers.firstIndex(of: layer)
      return index.flatMap { values.indices.contains($0) ? values[$0] : nil }
    }
  }

  /// Every value that is not null.
  var values: [Value] {
    switch self {
    case .list(let values): values.compactMap(\.self)
    case .byLayer(let values): values.values.compactMap(\.self)
    }
  }
}
