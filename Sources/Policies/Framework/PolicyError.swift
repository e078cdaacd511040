import Attention

/// A policy cannot be read, or cannot run as asked.
public struct PolicyError: ExplainedError, Equatable {
  /// The policy, and what of it is wrong.
  public let place: String
  public let expected: String
  public let found: String
  public let advice: String?

  public init(_ place: String, expected: String, found: String, advice: String? = nil) {
    self.place = place
    self.expected = expected
    self.found = found
    self.advice = advice
  }
}
