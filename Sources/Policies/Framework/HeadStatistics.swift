/// What a calibration measured of a model's heads beside contextual agreement, layer by layer.
public struct HeadStatistics: Sendable, Equatable, Codable {
  /// One layer's statistics; channels are those of the layout that was calibrated.
  public struct Layer: Sendable, Equatable, Codable {
    public var layer: Int
    /// Principal axes of the rotated keys, of each KV head.
    public var keyAxes: [AxisMatrix]
    /// The same of the keys before rotation.
    public var unrotatedKeyAxes: [AxisMatrix]
    /// Mean of |q_c · k_c| per KV head, `[KV head][channel]`.
    public var channelWeights: [[Float]]
    /// Mean of |q_c · k_c| of a query with the key of its own token, `[query head][channel]`; absent from profiles made
    /// before it was measured.
    public var ownChannelWeights: [[Float]]?
    /// Mean of the queries before rotation, `[query head][channel]`.
    public var queryCentres: [[Float]]
    /// Mean length of the part of such a query that each chunk holds, `[query head][chunk]`.
    public var queryNorms: [[Float]]
    /// Attention mass outside the first 128 and the last 256 tokens, per KV head: what a head would lose that kept only those.
    public var retrieval: [Float]

    public init(
      layer: Int, keyAxes: [AxisMatrix], unrotatedKeyAxes: [AxisMatrix], channelWeights: [[Float]],
      ownChannelWeights: [[Float]]? = nil, queryCentres: [[Float]], queryNorms: [[Float]], retrieval: [Float]
    ) {
      self.layer = layer
      self.keyAxes = keyAxes
      self.unrotatedKeyAxes = unrotatedKeyAxes
      self.channelWeights = channelWeights
      self.ownChannelWeights = ownChannelWeights
      self.queryCentres = queryCentres
      self.queryNorms = queryNorms
      self.retrieval = retrieval
    }

    /// What is wrong with its shape for a model, or nil: policies index it without looking.
    public func flaw(kvHeads: Int, queryHeads: Int, headDim: Int, chunks: Int) -> String? {
      let isWhole =
        [keyAxes, unrotatedKeyAxes].allSatisfy { heads in
          heads.count == kvHeads
            && heads.allSatisfy { $0.axes.count == headDim && $0.axes.allSatisfy { $0.count == headDim } }
        }
        && channelWeights.count == kvHeads && channelWeights.allSatisfy { $0.count == headDim }
        && ownChannelWeights.map({ $0.count == queryHeads && $0.allSatisfy { $0.count == headDim } }) ?? true
        && queryCentres.count == queryHeads && queryCentres.allSatisfy { $0.count == headDim }
        && queryNorms.count == queryHeads && queryNorms.allSatisfy { $0.count == chunks }
        && retrieval.count == kvHeads
      return isWhole ? nil : "head statistics of layer \(layer) have another shape than the model"
    }

    enum CodingKeys: String, CodingKey {
      case layer, retrieval
      case keyAxes = "key_axes"
      case unrotatedKeyAxes = "unrotated_key_axes"
      case channelWeights = "channel_weights"
      case ownChannelWeights = "own_channel_weights"
      case queryCentres = "query_centres"
      case queryNorms = "query_norms"
    }
  }

  public var layers: [Layer]
  /// Over all layers and heads, what λ times the context skips 10, 20, … 90 % of the tiles of skipped softmax; absent from
  /// profiles made before it was measured.
  public var skipFactors: [Double]?

  public init(layers: [Layer], skipFactors: [Double]? = nil) {
    self.layers = layers
    self.skipFactors = skipFactors
  }

  enum CodingKeys: String, CodingKey {
    case layers
    case skipFactors = "skip_factors"
  }

  /// Of several texts, each weighing as much as `weights` says; all of the same layers.
  public static func merging(_ statistics: [HeadStatistics], weights: [Double]) -> HeadStatistics? {
    guard var result = statistics.first else { return nil }
    let total = weights.reduce(0, +)
    func mean(_ rows: [[[Float]]]) -> [[Float]] {
      (rows.first ?? []).indices.map { row in
        rows[0][row].indices.map { column in
          Float(zip(rows, weights).reduce(0) { $0 + Double($1.0[row][column]) * $1.1 } / total)
        }
      }
    }
    for index in result.layers.indices {
      let all = statistics.map { $0.layers[index] }
      for head in result.layers[index].keyAxes.indices {
        result.layers[index].keyAxes[head] = .merging(all.map { $0.keyAxes[head] }, weights: weights)
        result.layers[index].unrotatedKeyAxes[head] = .merging(
          all.map { $0.unrotatedKeyAxes[head] }, weights: weights)
      }
      result.layers[index].channelWeights = mean(all.map(\.channelWeights))
      // Of texts that lack them none can be made up.
      let own = all.compactMap(\.ownChannelWeights)
      result.layers[index].ownChannelWeights = own.count == all.count ? mean(own) : nil
      result.layers[index].queryCentres = mean(all.map(\.queryCentres))
      result.layers[index].queryNorms = mean(all.map(\.queryNorms))
      result.layers[index].retrieval = mean(all.map { [$0.retrieval] })[0]
    }
    let factors = statistics.compactMap(\.skipFactors)
    result.skipFactors =
      factors.count == statistics.count ? SkipCalibration.merging(factors, weights: weights) : nil
    return result
  }

  public subscript(layer: Int) -> Layer? { layers.first { $0.layer == layer } }
}
