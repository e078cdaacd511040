/// Reads policies as they are written on the command line.
///
///     fasa
///     fasa:chunks=8,pairing=adjacent
///     oracle,fasa:chunks=8,streaming-llm     three policies
///     fasa:chunks=4/8/16                     three configurations
///
/// In a comma-separated list a part without `=` begins the next policy.
public enum PolicyGrammar {
  public static func parse(_ texts: [String]) throws(PolicyError) -> [PolicyConfiguration] {
    var result: [PolicyConfiguration] = []
    for text in texts {
      for entry in try entries(of: text) { result += try configurations(of: entry) }
    }
    var labels: Set<String> = []
    for configuration in result where !labels.insert(configuration.label).inserted {
      throw PolicyError("policy '\(configuration.label)' is given twice: leave one out")
    }
    return result
  }

  private struct Entry {
    let name: String
    var settings: [(name: String, values: [String])] = []
  }

  private static func entries(of text: String) throws(PolicyError) -> [Entry] {
    var result: [Entry] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      if let colon = part.firstIndex(of: ":") {
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
      throw PolicyError("cannot read '\(part)' in policy '\(text)': expected NAME or NAME:PARAMETER=VALUE,…")
    }
    let values = sides[1].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    entries[last].settings.append((sides[0], values))
  }

  private static func configurations(of entry: Entry) throws(PolicyError) -> [PolicyConfiguration] {
    guard let type = PolicyRegistry.policy(named: entry.name) else {
      throw PolicyError(
        "no policy is called '\(entry.name)': there are \(PolicyRegistry.names.joined(separator: ", "))")
    }
    var grid = [ParameterValues(defaultsOf: type.descriptor)]
    var seen: Set<String> = []
    for setting in entry.settings {
      guard let parameter = type.descriptor.parameters.first(where: { $0.name == setting.name }) else {
        let known = type.descriptor.parameters.map(\.name).joined(separator: ", ")
        throw PolicyError(
          "policy '\(entry.name)' has no parameter '\(setting.name)': it has \(known.isEmpty ? "none" : known)"
        )
      }
      guard seen.insert(setting.name).inserted else {
        throw PolicyError("policy '\(entry.name)' is given '\(setting.name)' twice: leave one out")
      }
      var values: [ParameterValue] = []
      for text in setting.values {
        guard let value = parameter.parse(text) else {
          throw PolicyError("\(entry.name): \(setting.name)=\(text): expected \(parameter.kind.range)")
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
    return grid.map { PolicyConfiguration(type, values: $0) }
  }
}
