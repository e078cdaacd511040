import Attention
import Foundation

/// The model whose attention a session does, as far as policies and kernels need it.
public struct LiveModel: Sendable, Equatable, Codable {
  public struct Rope: Sendable, Equatable, Codable {
    public var pairing: RopePairing
    public var base: Double
    /// Channels that rotate.
    public var rotaryDim: Int
    /// Radians per token of each chunk, where `base` does not give them.
    public var frequencies: [Double]?
    /// Of each layer, in place of `base`.
    public var layerBases: [Double]?
    /// Of each layer, in place of `frequencies`; nil is those that the layer's base gives.
    public var layerFrequencies: [[Double]?]?

    public init(
      pairing: RopePairing, base: Double, rotaryDim: Int, frequencies: [Double]? = nil,
      layerBases: [Double]? = nil, layerFrequencies: [[Double]?]? = nil
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

    /// Radians per token of each chunk of a layer.
    func turns(layer: Int) -> [Double] {
      if let given = layerFrequencies.map({ $0[layer] }) ?? frequencies { return given }
      let base = layerBases.map { $0[layer] } ?? base
      return (0..<rotaryDim / 2).map { pow(base, -2 * Double($0) / Double(rotaryDim)) }
    }
  }

  public var name: String
  public var layers: Int
  public var queryHeads: Int
  public var kvHeads: Int
  public var headDim: Int
  public var valueDim: Int
  /// What scores are multiplied by before softmax.
  public var scale: Double
  /// `cap · tanh(score · scale / cap)` before softmax, where the model does so.
  public var logitSoftcap: Double?
  /// Tokens, its own included, that a query sees; nil for all before it.
  public var slidingWindow: Int?
  /// Of each layer, in place of `slidingWindow`.
  public var layerWindows: [Int?]?
  public var rope: Rope

  public init(
    name: String, geometry: Geometry, scale: Double, logitSoftcap: Double? = nil, slidingWindow: Int? = nil,
    layerWindows: [Int?]? = nil, rope: Rope
  ) {
    self.name = name
    (layers, queryHeads, kvHeads) = (geometry.layers, geometry.queryHeads, geometry.kvHeads)
    (headDim, valueDim) = (geometry.headDim, geometry.valueDim)
    self.scale = scale
    self.logitSoftcap = logitSoftcap
    self.slidingWindow = slidingWindow
    self.layerWindows = layerWindows
    self.rope = rope
  }

  enum CodingKeys: String, CodingKey {
    case name, layers, scale, rope
    case queryHeads = "query_heads"
    case kvHeads = "kv_heads"
    case headDim = "head_dim"
    case valueDim = "value_dim"
    case logitSoftcap = "logit_softcap"
    case slidingWindow = "sliding_window"
    case layerWindows = "layer_windows"
  }

  public var geometry: Geometry {
    Geometry(layers: layers, queryHeads: queryHeads, kvHeads: kvHeads, headDim: headDim, valueDim: valueDim)
  }

  public var groupSize: Int { queryHeads / kvHeads }

  /// What a layer's query at a position sees.
  func visible(at position: Int, layer: Int) -> Range<Int> {
    let window = layerWindows.map { $0[layer] } ?? slidingWindow
    return (window.map { max(0, position + 1 - $0) } ?? 0)..<position + 1
  }
}
