import Policies

/// What names a side of a comparison: `fasa`, `fasa@256`, `fasa@256@build:1a2b3c4d`, or `configuration:7` for one row.
struct SideName {
  let text: String
  let label: String
  /// As it is stored; nil where any will do.
  private(set) var budget: String?
  /// The first digits of a build's digest, or ``SourceBuild/unknown``.
  private(set) var build: String?
  /// `configurations.id`
  private(set) var configuration: Int64?

  init(_ text: String) {
    self.text = text
    if text.hasPrefix(Self.rowPrefix), let id = Int64(text.dropFirst(Self.rowPrefix.count)) {
      configuration = id
    }
    // From the end, since a label may hold an @ of its own, as in the name of a file.
    var rest = text[...]
    func takeLast() -> (before: Substring, last: String)? {
      guard let at = rest.lastIndex(of: "@") else { return nil }
      return (rest[..<at], rest[rest.index(after: at)...].trimmed)
    }
    if let (before, last) = takeLast(), last.hasPrefix(Self.buildPrefix) {
      (rest, build) = (before, String(last.dropFirst(Self.buildPrefix.count)))
    }
    let read = ConfigurationLabel(String(rest))
    (label, budget) = (read.policy, read.budget)
  }

  private static let rowPrefix = "configuration:"
  private static let buildPrefix = "build:"

  /// Names for each of some sides of one trace, that tell it from the others and work where they are typed.
  static func names(of sides: [ComparedSide]) -> [String] {
    let plain = sides.map { side in
      let label = ConfigurationLabel(side.label)
      return label.budget.map { "\(label.policy)@\($0)" } ?? label.policy
    }
    let built = zip(plain, sides).map { "\($0)@\(buildPrefix)\($1.buildName)" }
    func isDistinct(_ names: [String]) -> Bool { Set(names).count == names.count }
    if isDistinct(plain) { return plain }
    return isDistinct(built) ? built : sides.map { "\(rowPrefix)\($0.id)" }
  }
}
