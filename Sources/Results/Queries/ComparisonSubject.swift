/// What a comparison is asked for: a configuration's label, or a whole run.
public enum ComparisonSubject: Sendable, Equatable, CustomStringConvertible {
  /// A label as `summary` shows it; with `@` and a budget where several budgets are stored, with `@build:` and a build's
  /// first digits where several builds are; or `configuration:7`, one row.
  case label(String)
  /// `run:3`: every configuration that run 3 asked for.
  case run(Int64)

  public init(_ text: String) {
    if text.hasPrefix("run:"), let id = Int64(text.dropFirst("run:".count)) {
      self = .run(id)
    } else {
      self = .label(text)
    }
  }

  public var description: String {
    switch self {
    case .label(let text): text
    case .run(let id): "run:\(id)"
    }
  }

  /// The run whose kernel samples alone count; nil for any.
  var run: Int64? { if case .run(let id) = self { id } else { nil } }
}
