/// Scores of a group that a trace holds beside queries, keys and values: learned ones, or of another pass of the model.
///
/// A part is nil where the trace lacks it, or where no policy asks.
public struct GivenScores: Sendable {
  /// What each token is worth to the KV head, `[token]`.
  public var tokens: [Float]?
  /// L1 norms of the tokens' values behind each query head's part of the output projection,
  /// `[query head of the group][token]`.
  public var valueNorms: [[Float]]?
  public var index: IndexVectors?

  public init(tokens: [Float]? = nil, valueNorms: [[Float]]? = nil, index: IndexVectors? = nil) {
    self.tokens = tokens
    self.valueNorms = valueNorms
    self.index = index
  }
}

/// What an indexer, a small attention that only ranks, makes of a layer's tokens and traced queries.
public struct IndexVectors: Sendable {
  public let channels: Int
  /// `[token][channel]`
  public let keys: [Float]
  /// Of the indexer's heads, or of the KV head's own, `[head][traced query][channel]`.
  public let queries: [[Float]]
  /// Of each head, `[head][traced query]`; nil where the one head's products are the scores.
  public let weights: [[Float]]?
  /// Which traced query is at a position.
  private let rows: [Int: Int]

  /// - Parameter positions: of the traced queries.
  public init(
    channels: Int, keys: [Float], queries: [[Float]], weights: [[Float]]? = nil, positions: [Int]
  ) {
    self.channels = channels
    self.keys = keys
    self.queries = queries
    self.weights = weights
    rows = Dictionary(uniqueKeysWithValues: positions.enumerated().map { ($1, $0) })
  }

  /// The traced query of a step; nil where it was not traced.
  func row(of step: Step) -> Int? { rows[step.position] }
}
