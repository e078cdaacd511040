/// What a calibration measured of a model's heads beside contextual agreement, layer by layer.
public struct HeadStatistics: Sendable, Equatable, Codable {
  /// One layer's statistics; channels are those of the layout that was calibrated.
  public struct Layer: Sendable, Equatable, Codable {
    public var layer: Int
    /// Principal axes of the rotated keys of each KV head, `[KV head][axis][channel]`, most variance first.
    public var keyAxes: [[[Float]]]
    /// The same of the keys before rotation.
    public var unrotatedKeyAxes: [[[Float]]]
    /// Mean of |q_c · k_c| per KV head, `[KV head][channel]`.
    public var channelWeights: [[Float]]
    /// Mean of the queries before rotation, `[query head][channel]`.
    public var queryCentres: [[Float]]
    /// Mean length of the part of such a query that each chunk holds, `[query head][chunk]`.
    public var queryNorms: [[Float]]
    /// Attention mass outside the first 128 and the last 256 tokens, per KV head: what a head would lose that kept only those.
    public var retrieval: [Float]

    enum CodingKeys: String, CodingKey {
      case layer, retrieval
      case keyAxes = "key_axes"
      case unrotatedKeyAxes = "unrotated_key_axes"
      case channelWeights = "channel_weights"
      case queryCentres = "query_centres"
      case queryNorms = "query_norms"
    }
  }

  public var layers: [Layer]

  public init(layers: [Layer]) { self.layers = layers }

  public subscript(layer: Int) -> Layer? { layers.first { $0.layer == layer } }
}

extension GroupContext {
  /// The calibrated statistics of this group's layer.
  ///
  /// - Throws: ``PolicyError`` where there are none.
  func calibrated(_ policy: String) throws -> HeadStatistics.Layer {
    guard let found = statistics?[layer] else {
      throw PolicyError(
        """
        \(policy): the calibration has no head statistics for layer \(layer) in this trace's \
        \(chunks.pairing.rawValue) layout: calibrate for it (fasa-sim calibrate), give that --profile, or leave the \
        layer out with --layers
        """)
    }
    return found
  }
}
