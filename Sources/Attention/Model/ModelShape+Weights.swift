/// How many weights there are of each kind that a model may store in a format of its own.
struct WeightCounts {
  /// Of experts that a router chooses.
  var experts = 0.0
  /// Of attention, MLPs and shared experts.
  var projections = 0.0
  var routers = 0.0
  /// Of the output layer, and of the embedding table where it counts.
  var tables = 0.0

  var all: Double { experts + projections + routers + tables }
}

extension ModelShape {
  /// Weights that a decode step of `batch` sequences reads: attention, MLPs or the experts that a token chooses, the
  /// output layer. Norms, biases and the rows of the embedding table are left out.
  public func readParameters(batch: Double) -> Double { readWeights(batch: batch).all }

  /// ``readParameters(batch:)`` of one sequence.
  public var readParameters: Double { readParameters(batch: 1) }

  /// Weights that each token is multiplied with, in two operations a weight: as many as one sequence reads.
  public var activeParameters: Double { readParameters(batch: 1) }

  /// All weights: every expert, and the embedding table too, where it is not the output layer's.
  public var parameters: Double { allWeights.all }

  func readWeights(batch: Double) -> WeightCounts {
    weights(experts: experts?.touched(batch: batch) ?? 0, tables: 1)
  }

  var allWeights: WeightCounts { weights(experts: experts?.count ?? 0, tables: isTied ? 1 : 2) }

  /// - Parameters:
  ///   - chosen: experts of each layer, shared ones left out.
  ///   - tables: matrices of hidden × vocabulary.
  private func weights(experts chosen: Double, tables: Double) -> WeightCounts {
    let (hidden, layers) = (widths.hidden, Double(geometry.layers))
    let denseLayers = experts?.denseLayers ?? layers
    var counts = WeightCounts()
    counts.projections =
      layers * attentionParameters + denseLayers * widths.matrices * hidden * widths.intermediate
    counts.tables = tables * hidden * widths.vocabulary
    guard let experts else { return counts }
    let one = widths.matrices * hidden * experts.intermediate
    counts.experts = (layers - denseLayers) * chosen * one
    counts.projections += (layers - denseLayers) * experts.shared * one
    counts.routers = (layers - denseLayers) * hidden * experts.count
    return counts
  }

  /// Of one layer's projections.
  private var attentionParameters: Double {
    let hidden = widths.hidden
    guard let latent else {
      // Queries and outputs, keys and values.
      let (queries, keys) = (Double(geometry.queryHeads), Double(geometry.kvHeads))
      return hidden * (queries + keys) * Double(geometry.headDim + geometry.valueDim)
    }
    // The absorbed form multiplies queries and outputs with the latent's own projections, and reads no others for it.
    let (heads, rank, value) = (Double(latent.heads), Double(latent.rank), Double(latent.value))
    let (nope, rope) = (Double(latent.nope), Double(latent.rope))
    let rotated = heads * (nope + rope)
    let queries = latent.queryRank.map { Double($0) * (hidden + rotated) } ?? hidden * rotated
    return queries + hidden * (rank + rope) + rank * heads * (nope + value) + heads * value * hidden
  }
}
