extension TraceMetadata {
  /// Which layers' output projections a trace holds.
  ///
  /// A layer's projection takes the outputs of its query heads, one head's after the other, to what the layer adds to the
  /// model's stream. Announced here, since a reader that does not know it passes over the tensors.
  public struct OutputProjection: Codable, Sendable, Equatable {
    /// Channels of the model's stream: rows of each projection.
    public var channels: Int
    /// The captured layers whose projection the trace holds.
    public var layers: [Int]

    public init(channels: Int, layers: [Int]) {
      self.channels = channels
      self.layers = layers
    }
  }

  /// The layers whose output projection the trace holds.
  public var projectedLayers: Set<Int> { Set(outputProjection?.layers ?? []) }
}
