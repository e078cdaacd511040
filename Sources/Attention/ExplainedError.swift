/// An error that says what was expected, what was found, where, and what to do about it.
///
/// Every module's errors are told alike, in one line:
///
///     run.zst: layers.5.k: expected shape [3, 4096, 64], found [3, 4095, 64]; capture the trace again
///
/// A caller that knows more, such as the file in which a policy is named, puts it before the place or after the advice.
public protocol ExplainedError: Error, Sendable, CustomStringConvertible {
  /// What is wrong: a file and a part of it, a policy's parameter, a layer.
  var place: String { get }
  var expected: String { get }
  var found: String { get }
  /// What the user can do, where there is something.
  var advice: String? { get }
}

extension ExplainedError {
  public var description: String {
    let remedy = advice.map { "; \($0)" } ?? ""
    return "\(place): expected \(expected), found \(found)\(remedy)"
  }
}
