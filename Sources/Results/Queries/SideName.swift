import GRDB
import Policies

/// What names stored configurations: `fasa`, `fasa@256`, `fasa@256@layers:5,14@build:1a2b3c4d`, or `configuration:7` for one
/// row, `configuration:7,9` for two.
struct SideName {
  let text: String
  let label: String
  /// As it is stored; nil where any will do.
  private(set) var budget: String?
  /// What else narrows it down.
  private(set) var qualifiers: [SideQualifier: String] = [:]
  /// Of `configurations.id`; nil where it is no row's name.
  private(set) var rows: [Int64]?

  init(_ text: String) {
    self.text = text
    if text.hasPrefix(Self.rowPrefix) {
      let ids = text.dropFirst(Self.rowPrefix.count).split(separator: ",", omittingEmptySubsequences: false)
        .map {
          Int64($0.trimmed)
        }
      if ids.allSatisfy({ $0 != nil }) { rows = ids.compactMap(\.self) }
    }
    // From the end, since a label may hold an @ of its own, as in the name of a file.
    var rest = text[...]
    while let at = rest.lastIndex(of: "@") {
      let last = rest[rest.index(after: at)...].trimmed
      guard let qualifier = SideQualifier.allCases.first(where: { last.hasPrefix($0.prefix) }) else { break }
      qualifiers[qualifier] = String(last.dropFirst(qualifier.prefix.count))
      rest = rest[..<at]
    }
    let read = ConfigurationLabel(String(rest))
    (label, budget) = (read.policy, read.budget)
  }

  static let rowPrefix = "configuration:"

  /// A condition on `configurations AS c`, `traces AS t` and `scopes AS s`.
  ///
  /// - Parameter isPolicy: whether a policy's name without a budget stands for it with any parameters.
  func condition(isPolicy: Bool = false) -> SQL {
    if let rows { return "c.id IN \(rows)" }
    // By a range first, of which there is an index: a label is stored with its budget.
    let (first, end) = (label + ConfigurationLabel.separator, label + " @!")
    var labelled: SQL = """
      (c.label = \(label) OR c.label > \(first) AND c.label < \(end)
        AND c.label = \(label) || \(ConfigurationLabel.separator) || c.budget)
      """
    if isPolicy, budget == nil { labelled = "(\(labelled) OR c.policy = \(label))" }
    let conditions =
      [labelled] + (budget.map { ["c.budget = \($0)"] } ?? [])
      + qualifiers.sorted { $0.key.rawValue < $1.key.rawValue }.map { $0.condition($1) }
    return conditions.joined(separator: " AND ")
  }

  /// The label and budget alone.
  var unqualified: SideName {
    var other = self
    other.qualifiers = [:]
    return other
  }

  /// Names for each of some sides, that tell it from the others and work where they are typed: with as few qualifiers as do,
  /// and with those that are wanted.
  static func names(of sides: [ComparedSide], alwaysBy wanted: Set<SideQualifier> = []) -> [String] {
    var names = sides.map { side in
      let label = ConfigurationLabel(side.label)
      return label.budget.map { "\(label.policy)@\($0)" } ?? label.policy
    }
    for qualifier in SideQualifier.allCases where Set(names).count < names.count || wanted.contains(qualifier)
    {
      let values = sides.map { $0.value(of: qualifier) }
      guard Set(values).count > 1 || wanted.contains(qualifier), !values.contains("") else { continue }
      names = zip(names, values).map { "\($0)@\(qualifier.prefix)\($1)" }
    }
    return Set(names).count == names.count ? names : sides.map { "\(rowPrefix)\($0.id)" }
  }
}
