import Attention

/// Why a session refused a call: nothing has changed then.
public struct LiveError: ExplainedError, Equatable {
  public enum Kind: Sendable {
    /// An argument, or a field of a description, is not what it must be.
    case invalid
    /// The call does not come where it may.
    case outOfTurn
    /// A policy cannot run so.
    case unfit
    /// Scores or outputs are beyond 32-bit floats.
    case overflow
  }

  public let kind: Kind
  public let place: String
  public let expected: String
  public let found: String
  public let advice: String?

  public init(_ kind: Kind, _ place: String, expected: String, found: String, advice: String? = nil) {
    self.kind = kind
    self.place = place
    self.expected = expected
    self.found = found
    self.advice = advice
  }
}
