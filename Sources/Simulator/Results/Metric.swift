/// An exact quantity of one query head at one decode step.
///
/// O_k is the oracle's top-k, S the policy's choice, a the true softmax attention over all visible
/// tokens, o its output, o_S the output of exact attention over S. A metric is finite, or undefined.
public enum Metric: Int, CaseIterable, Sendable {
  /// |S ∩ O_k| / k
  case recall
  /// |S ∩ O_k| / |S|
  case precision
  /// Attention mass that S holds: the sum of a over S.
  case mass
  /// Attention mass that the oracle's k tokens hold.
  case oracleMass
  /// mass / oracleMass
  case massRatio
  /// ‖o_S − o‖₂ / ‖o‖₂; 0 where both outputs are zero, undefined where o alone is, and where sums that a policy keeps
  /// for tokens it does not read overflow 32-bit floats.
  case outputError
  /// The oracle's output error at the same k.
  case oracleOutputError
  /// |S|
  case selected
  /// Tokens the query may see.
  case visible
  /// |union of S over the query heads that share the KV head|
  case groupUnion
  /// |S ∩ S of the step before| / |their union|; undefined at the first step.
  case jaccardPrevious

  /// As SQL columns and JSON keys spell it.
  public var name: String {
    switch self {
    case .recall: "recall"
    case .precision: "precision"
    case .mass: "mass"
    case .oracleMass: "oracle_mass"
    case .massRatio: "mass_ratio"
    case .outputError: "output_error"
    case .oracleOutputError: "oracle_output_error"
    case .selected: "selected"
    case .visible: "visible"
    case .groupUnion: "group_union"
    case .jaccardPrevious: "jaccard_previous"
    }
  }
}
