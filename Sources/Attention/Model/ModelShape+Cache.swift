extension ModelShape {
  /// Layers in which a query sees no more than the latest tokens.
  public struct Windowed: Sendable, Equatable {
    /// Of the model's layers, how many have the window.
    public let layers: Int
    /// Tokens that a query sees in them at most.
    public let tokens: Int

    public init(layers: Int, tokens: Int) {
      self.layers = layers
      self.tokens = tokens
    }
  }

  /// `sliding_window` and the layers that have it; nil where every layer sees the whole context.
  ///
  /// Gemma 3 has the window in all but every sixth layer, gpt-oss in every other one, from the first.
  public var windowed: Windowed? {
    switch self {
    case .gemma3_4B: .init(layers: 29, tokens: 1024)
    case .gemma3_12B: .init(layers: 40, tokens: 1024)
    case .gemma3_27B: .init(layers: 52, tokens: 1024)
    case .gptOSS20B: .init(layers: 12, tokens: 128)
    case .gptOSS120B: .init(layers: 18, tokens: 128)
    default: nil
    }
  }

  /// Whether a token's value is the first `valueDim` channels of its key, stored once and read once.
  public var sharesValues: Bool { self == .deepSeekV3 }
}
