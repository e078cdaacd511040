extension TraceMetadata {
  /// Which scores a trace holds that are not made of its queries, keys and values: learned ones, or of another model.
  ///
  /// Announced here, since a reader that does not know them passes over the tensors. docs/trace-format.md has their shapes.
  public struct Scores: Codable, Sendable, Equatable {
    /// What each token is worth to each KV head, by a method outside.
    public struct Tokens: Codable, Sendable, Equatable {
      public var name: String
      public var layers: [Int]

      public init(name: String, layers: [Int]) {
        self.name = name
        self.layers = layers
      }
    }

    /// L1 norms of values behind each query head's part of the output projection.
    public struct ValueNorms: Codable, Sendable, Equatable {
      public var layers: [Int]

      public init(layers: [Int]) { self.layers = layers }
    }

    /// Queries and keys of an indexer: a small attention that only ranks.
    public struct Index: Codable, Sendable, Equatable {
      public var name: String
      public var heads: Int
      public var channels: Int
      /// Whether a token's score is one for the layer, Σ w · ReLU(q · k) over the indexer's heads; else each of these scores
      /// q · k for a KV head.
      public var isWeighted: Bool
      public var layers: [Int]

      public init(name: String, heads: Int, channels: Int, isWeighted: Bool, layers: [Int]) {
        self.name = name
        self.heads = heads
        self.channels = channels
        self.isWeighted = isWeighted
        self.layers = layers
      }

      enum CodingKeys: String, CodingKey {
        case name, heads, channels, layers
        case isWeighted = "weighted"
      }
    }

    public var token: Tokens?
    public var valueNorm: ValueNorms?
    public var index: Index?

    public init(token: Tokens? = nil, valueNorm: ValueNorms? = nil, index: Index? = nil) {
      self.token = token
      self.valueNorm = valueNorm
      self.index = index
    }

    enum CodingKeys: String, CodingKey {
      case token, index
      case valueNorm = "value_norm"
    }
  }
}
