/// What a policy's own formula makes of attention over the tokens of a row, beyond softmax over them.
///
/// With logits l, values v and chosen tokens S the output is
/// `(1 − mix) · (Σ_S exp(l + offset) v + Σ_terms exp(logit) · valueSum) / (Σ_S exp(l + offset) + Σ_terms exp(logit) · count) + mix · mean`.
public struct OutputCorrection: Sendable, Equatable {
  /// Tokens that were not read but are estimated together.
  public struct Term: Sendable, Equatable {
    /// A scaled logit that stands for each of them.
    public var logit: Float
    public var count: Float
    /// Their values' sum, `[valueDim]`.
    public var valueSum: [Float]

    public init(logit: Float, count: Float, valueSum: [Float]) {
      self.logit = logit
      self.count = count
      self.valueSum = valueSum
    }
  }

  /// Added to the scaled logits, one per chosen token in ascending order; empty for none.
  public var offsets: [Float] = []
  public var terms: [Term] = []
  /// Share of the output, in 0...1, that is `mean` instead.
  public var mix: Float = 0
  /// `[valueDim]`; empty where `mix` is 0.
  public var mean: [Float] = []

  public init() {}
}
