import Attention

/// Reads policies as they are written on the command line.
///
///     fasa
///     fasa:chunks=8,pairing=adjacent
///     oracle,fasa:chunks=8,streaming-llm     three policies
///     fasa:chunks=4/8/16                     three configurations
///     all                                    every policy with its defaults
///
/// In a comma-separated list a part without `=` begins the next policy, and so does one with a colon before it: a
/// colon after it is part of a value, such as a path.
public enum PolicyGrammar {
  public static func parse(_ texts: [String]) throws(PolicyError) -> [PolicyConfiguration] {
    var result: [PolicyConfiguration] = []
    var entries: [Entry] = []
    for text in texts { entries += try self.entries(of: text) }
    for entry in entries where entry.name != everything {
      result += try configurations(of: entry, atMost: largestGrid - result.count)
    }
    for entry in entries where entry.name == everything { try addEverything(entry, to: &result) }
    var labels: Set<String> = []
    for configuration in result where !labels.insert(configuration.label).inserted {
      throw PolicyError(
        "policy '\(configuration.label)'", expected: "each policy once", found: "it twice",
        advice: "leave one out")
    }
    return result
  }

  /// The configurations of one policy whose parameters are written apart: every combination of their values.
  public static func configurations(of name: String, settings: [(name: String, values: [String])])
    throws(PolicyError) -> [PolicyConfiguration]
  {
    try configurations(of: Entry(name: name, settings: settings), atMost: largestGrid)
  }

  /// Configurations of policies that are read at most: each takes memory before anything is replayed.
  public static let largestGrid = 100_000

  /// The name that stands for every policy.
  public static let everything = "all"

  /// Whether some of the texts ask for every policy, so that those which a trace cannot serve may be left out.
  public static func asksForEverything(_ texts: [String]) -> Bool {
    texts.contains { $0.split(separator: ",").contains { $0 == everything } }
  }

  /// Every policy with its defaults that is not there yet and needs nothing beside a trace.
  private static func addEverything(_ entry: Entry, to result: inout [PolicyConfiguration])
    throws(PolicyError)
  {
    guard entry.settings.isEmpty else {
      throw PolicyError(
        "policy 'all'", expected: "no parameters, since every policy runs with its defaults",
        found: entry.settings.map { "'\($0.name)'" }.joined(separator: ", "), advice: "leave them out")
    }
    for type in PolicyRegistry.policies where !type.descriptor.needs.contains(.file) {
      let configuration = PolicyConfiguration(type)
      if !result.contains(configuration) { result.append(configuration) }
    }
  }

  private struct Entry {
    let name: String
    var settings: [(name: String, values: [String])] = []
  }

  private static func entries(of text: String) throws(PolicyError) -> [Entry] {
    var result: [Entry] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      if let colon = part.firstIndex(where: { $0 == ":" || $0 == "=" }), part[colon] == ":" {
        result.append(Entry(name: String(part[..<colon])))
        try addSetting(part[part.index(after: colon)...], to: &result, in: text)
      } else if part.contains("=") {
        try addSetting(part, to: &result, in: text)
      } else {
        result.append(Entry(name: String(part)))
      }
    }
    return result
  }

  private static func addSetting(_ part: Substring, to entries: inout [Entry], in text: String)
    throws(PolicyError)
  {
    let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard sides.count == 2, !sides[0].isEmpty, !sides[1].isEmpty, let last = entries.indices.last else {
      throw PolicyError(
        "policy '\(text)'", expected: "NAME or NAME:PARAMETER=VALUE,…", found: "'\(part)'")
    }
    let parameters = PolicyRegistry.policy(named: entries[last].name)?.descriptor.parameters ?? []
    // A path's slashes part no values.
    let isPath = parameters.contains { $0.name == sides[0] && $0.kind == .file }
    let values = sides[1].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    entries[last].settings.append((sides[0], isPath ? [sides[1]] : values))
  }

  private static func configurations(of entry: Entry, atMost most: Int) throws(PolicyError)
    -> [PolicyConfiguration]
  {
    if let reason = PolicyRegistry.refused[entry.name] {
      throw PolicyError(
        "policy '\(entry.name)'", expected: "one that can be replayed from a trace",
        found: "one that cannot, since \(reason)", advice: "leave it out")
    }
    let type = try PolicyRegistry.known(entry.name)
    try checkSize(entry, atMost: most)
    var grid = [ParameterValues(defaultsOf: type.descriptor)]
    var seen: Set<String> = []
    for setting in entry.settings {
      guard let parameter = type.descriptor.parameters.first(where: { $0.name == setting.name }) else {
        func names(_ parameters: [ParameterDescriptor]) -> String {
          parameters.map(\.name).joined(separator: ", ")
        }
        let own = names(type.descriptor.ownParameters)
        throw PolicyError(
          "policy '\(entry.name)'", expected: "one of its parameters", found: "'\(setting.name)'",
          advice: NearestName.question(setting.name, among: type.descriptor.parameters.map(\.name))
            ?? (own.isEmpty ? "choose from " : "choose from \(own), or from the frame's ")
            + names(type.descriptor.frame))
      }
      guard seen.insert(setting.name).inserted else {
        throw PolicyError(
          "policy '\(entry.name)'", expected: "each parameter once", found: "'\(setting.name)' twice",
          advice: "leave one out")
      }
      var values: [ParameterValue] = []
      for text in setting.values {
        guard let value = parameter.parse(text) else {
          throw PolicyError(
            "policy '\(entry.name)': \(setting.name)", expected: parameter.kind.range, found: "'\(text)'",
            advice: NearestName.question(text, among: parameter.kind.words))
        }
        values.append(value)
      }
      grid = grid.flatMap { base in
        values.map { value in
          var next = base
          next[setting.name] = value
          return next
        }
      }
    }
    let found = grid.map { PolicyConfiguration(type, values: $0) }
    for configuration in found { try configuration.checkGranularity() }
    return found
  }

  /// Counts a grid before it is laid out.
  private static func checkSize(_ entry: Entry, atMost most: Int) throws(PolicyError) {
    let counts = entry.settings.map(\.values.count)
    guard GridSize.product(counts).map({ $0 <= most }) != true else { return }
    let factors = zip(entry.settings, counts).filter { $1 > 1 }.map { "\($1) of \($0.name)" }
    throw PolicyError(
      "policy '\(entry.name)'", expected: "at most \(largestGrid) policies in all",
      found: factors.isEmpty ? "one more" : factors.joined(separator: " × "),
      advice: "take fewer values of them")
  }
}
