/// A part of a decode step.
public enum Stage: String, Sendable, CaseIterable, Codable {
  /// Keeping what the policy holds up to date with the new token.
  case upkeep
  /// Reading what there is to choose by.
  case score
  /// Choosing by it.
  case select
  /// Reading the chosen keys and values.
  case attend
}

/// What kind of decode kernel does an operation.
public enum KernelKind: String, Sendable, CaseIterable, Codable {
  /// Scores of the keys' own rows.
  case rows
  /// Scores over some channels of every key.
  case channels
  /// Scores of 16-bit vectors that are kept beside the cache: bounds, means, projections, centroids.
  case vectors
  /// Scores of vectors of few bits a number, with a scale and an offset to each.
  case lowBit = "low-bit"
  /// Sums of table entries by code: product quantisation.
  case codes
  /// Members of the query's buckets, counted by token.
  case buckets
  /// A small matrix times the query, or the new key.
  case matrix
  /// The best of a row of scores.
  case select
  /// The smallest set of a row of scores that holds a share of the attention.
  case topP = "top-p"
  /// Token numbers that an earlier layer or step wrote down.
  case list
  /// Attention over chosen rows, or runs of them.
  case gather
  /// Attention over rows that lie side by side.
  case stream
  /// What a new token, or a step, writes down.
  case append
  /// A number per token held that every step adds to.
  case accumulate
}
