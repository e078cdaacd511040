import Attention
import Foundation

extension TraceMetadata {
  /// How positions rotate queries and keys.
  public struct Rope: Codable, Sendable, Equatable {
    /// Which two channels one rotation turns.
    public var pairing: RopePairing
    public var base: Double
    /// Channels that are rotated, the first of each head; even.
    public var rotaryDim: Int
    /// Optional: radians per token of each chunk, in every layer, in place of those that the base gives.
    public var frequencies: [Double]?
    /// Optional: bases of single layers, in place of `base`.
    public var layerBases: PerLayer<Double>?
    /// Optional: frequencies of single layers, in place of `frequencies`; null is those that the layer's base gives.
    public var layerFrequencies: PerLayer<[Double]>?

    public init(
      pairing: RopePairing, base: Double, rotaryDim: Int, frequencies: [Double]? = nil,
      layerBases: PerLayer<Double>? = nil, layerFrequencies: PerLayer<[Double]>? = nil
    ) {
      self.pairing = pairing
      self.base = base
      self.rotaryDim = rotaryDim
      self.frequencies = frequencies
      self.layerBases = layerBases
      self.layerFrequencies = layerFrequencies
    }

    enum CodingKeys: String, CodingKey {
      case pairing, base, frequencies
      case rotaryDim = "rotary_dim"
      case layerBases = "layer_bases"
      case layerFrequencies = "layer_frequencies"
    }

    /// Writes what is absent as null, as the format shows it: readers in other languages look keys up.
    public func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(pairing, forKey: .pairing)
      try container.encode(base, forKey: .base)
      try container.encode(rotaryDim, forKey: .rotaryDim)
      try container.encode(frequencies, forKey: .frequencies)
      try container.encode(layerBases, forKey: .layerBases)
      try container.encode(layerFrequencies, forKey: .layerFrequencies)
    }
  }

  /// What attention does beside rotating.
  public struct Attention: Codable, Sendable, Equatable {
    /// Factor of q·k before softmax.
    public var scale: Double
    /// Optional: logits become `cap * tanh(logit / cap)`.
    public var logitSoftcap: Double?
    /// Optional: tokens, the query's own included, that a query of any layer sees.
    public var slidingWindow: Int?
    /// Optional: windows of single layers, in place of `slidingWindow`; null is no window.
    public var layerWindows: PerLayer<Int>?

    public init(
      scale: Double, logitSoftcap: Double? = nil, slidingWindow: Int? = nil,
      layerWindows: PerLayer<Int>? = nil
    ) {
      self.scale = scale
      self.logitSoftcap = logitSoftcap
      self.slidingWindow = slidingWindow
      self.layerWindows = layerWindows
    }

    enum CodingKeys: String, CodingKey {
      case scale
      case logitSoftcap = "logit_softcap"
      case slidingWindow = "sliding_window"
      case layerWindows = "layer_windows"
    }

    /// Writes what is absent as null, as the format shows it.
    public func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(scale, forKey: .scale)
      try container.encode(logitSoftcap, forKey: .logitSoftcap)
      try container.encode(slidingWindow, forKey: .slidingWindow)
      try container.encode(layerWindows, forKey: .layerWindows)
    }
  }

  /// The RoPE base of a layer.
  public func ropeBase(layer: Int) -> Double {
    (rope.layerBases?.value(layer, in: self) ?? nil) ?? rope.base
  }

  /// Radians per token of each of the `rotaryDim / 2` chunks of a layer.
  public func rotationFrequencies(layer: Int) -> [Double] {
    if let given = givenFrequencies(layer: layer) { return given }
    let base = ropeBase(layer: layer)
    return (0..<rope.rotaryDim / 2).map { pow(base, -2 * Double($0) / Double(rope.rotaryDim)) }
  }

  /// The frequencies that the trace states of a layer, or nil where its base gives them.
  func givenFrequencies(layer: Int) -> [Double]? {
    guard let layers = rope.layerFrequencies, let own = layers.value(layer, in: self) else {
      return rope.frequencies
    }
    return own
  }

  /// Windows of all the model's layers, in their order; nil where the trace states those of captured layers alone.
  public var windowsOfAllLayers: [Int?]? {
    if case .list(let values)? = attention.layerWindows, values.count != geometry.layers { return nil }
    return (0..<max(0, geometry.layers)).map(slidingWindow)
  }

  /// Tokens, its own included, that a query of a layer sees, or nil where it sees all before it.
  public func slidingWindow(layer: Int) -> Int? {
    guard let windows = attention.layerWindows,
      let window = windows.value(layer, in: self)
    else { return attention.slidingWindow }
    return window
  }
}
