import Attention

/// A replay, or what is made of one, cannot be had as asked.
public struct ReplayError: ExplainedError, Equatable {
  /// What callers tell errors apart by.
  public enum Kind: String, Sendable, CaseIterable {
    /// What was given or asked for cannot be had, here or elsewhere.
    case input
    /// A machine with more memory, or this one at another time, may have it.
    case memory
    /// A file or a stream cannot be made or written now.
    case unwritable
    /// A file is not where it is looked for.
    case absent
    /// No part of a sweep has the name.
    case unknownUnit
  }

  public let kind: Kind
  /// The file, and what of it is wrong; else the part of the request.
  public let place: String
  public let expected: String
  public let found: String
  public let advice: String?

  public init(
    _ place: String, kind: Kind = .input, expected: String, found: String, advice: String? = nil
  ) {
    self.kind = kind
    self.place = place
    self.expected = expected
    self.found = found
    self.advice = advice
  }

  /// Another error as it is met in a file, with what else may be done about it there.
  public init(_ error: any ExplainedError, in file: String, advice more: String? = nil) {
    let advice = [error.advice, more].compactMap(\.self)
    self.init(
      "\(file): \(error.place)", expected: error.expected, found: error.found,
      advice: advice.isEmpty ? nil : advice.joined(separator: "; "))
  }
}
