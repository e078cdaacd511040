/// Counts of the whole model, captured or not. Query head h reads KV head h / (queryHeads / kvHeads).
public struct Geometry: Codable, Sendable, Equatable {
  public var layers: Int
  public var queryHeads: Int
  public var kvHeads: Int
  /// Channels of a query or key.
  public var headDim: Int
  /// Channels of a value.
  public var valueDim: Int

  public init(layers: Int, queryHeads: Int, kvHeads: Int, headDim: Int, valueDim: Int) {
    self.layers = layers
    self.queryHeads = queryHeads
    self.kvHeads = kvHeads
    self.headDim = headDim
    self.valueDim = valueDim
  }

  enum CodingKeys: String, CodingKey {
    case layers
    case queryHeads = "query_heads"
    case kvHeads = "kv_heads"
    case headDim = "head_dim"
    case valueDim = "value_dim"
  }
}
