import Attention

/// What is wrong with a description, a table of measurements or what was asked of them.
public struct PricingError: ExplainedError, Equatable {
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
