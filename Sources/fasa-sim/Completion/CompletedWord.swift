import Foundation
import Policies

/// What a word may become, each candidate the whole word: shells know nothing of its parts.
enum CompletedWord {
  /// Policies with parameters, separated by commas: names, after a colon `chunks=`, after that the words that a parameter takes.
  static func policies(_ word: String) -> [String] {
    let (before, part) = parted(word)
    if let equals = part.firstIndex(of: "=") {
      let setting = part[..<equals]
      let name = setting.contains(":") ? setting.prefix { $0 != ":" } : lastPolicy(in: before)
      let parameter = setting.split(separator: ":").last ?? ""
      return values(of: String(parameter), in: String(name ?? "")).map { value in
        // Slashes part the values of a grid.
        let given = part[part.index(after: equals)...]
        return before + setting + "="
          + given[..<(given.lastIndex(of: "/").map(given.index(after:)) ?? given.startIndex)]
          + value
      }.filter { $0.hasPrefix(word) }
    }
    if let colon = part.firstIndex(of: ":") {
      return parameters(of: part[..<colon]).map { before + part[...colon] + $0 + "=" }
        .filter { $0.hasPrefix(word) }
    }
    let names = (PolicyRegistry.names + [PolicyGrammar.everything]).map { before + $0 }
    let more = lastPolicy(in: before).map { parameters(of: $0).map { before + $0 + "=" } } ?? []
    return (names + more).filter { $0.hasPrefix(word) }
  }

  /// Names separated by commas, each once.
  static func names(_ word: String, among names: [String]) -> [String] {
    let (before, part) = parted(word)
    let given = before.split(separator: ",").map(String.init)
    return names.filter { $0.hasPrefix(part) && !given.contains($0) }.map { before + $0 }
  }

  /// Files whose names end so, and folders, which may lead to some.
  static func files(_ word: String, endings: [String]) -> [String] {
    let folder = word.lastIndex(of: "/").map { String(word[...$0]) } ?? ""
    let files = FileManager.default
    let found = (try? files.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
    return found.sorted().compactMap { name in
      guard (folder + name).hasPrefix(word), !name.hasPrefix(".") || word.hasSuffix(".") else { return nil }
      var isFolder: ObjCBool = false
      guard files.fileExists(atPath: folder + name, isDirectory: &isFolder) else { return nil }
      if isFolder.boolValue { return folder + name + "/" }
      return endings.contains { name.hasSuffix($0) } ? folder + name : nil
    }
  }

  /// What stands before the last part of a list, with its comma, and that part.
  private static func parted(_ word: String) -> (before: String, part: Substring) {
    guard let comma = word.lastIndex(of: ",") else { return ("", word[...]) }
    return (String(word[...comma]), word[word.index(after: comma)...])
  }

  /// The policy to which a setting after these parts belongs; nil where the last policy was named without a colon.
  private static func lastPolicy(in before: String) -> Substring? {
    for part in before.split(separator: ",").reversed() {
      let name = part.prefix { $0 != ":" && $0 != "=" }
      if name.endIndex == part.endIndex { return nil }
      if part[name.endIndex] == ":" { return name }
    }
    return nil
  }

  private static func parameters(of policy: some StringProtocol) -> [String] {
    PolicyRegistry.policy(named: String(policy))?.descriptor.parameters.map(\.name) ?? []
  }

  /// Words alone: of numbers the default, as the one that is known to make sense.
  private static func values(of parameter: String, in policy: String) -> [String] {
    let known = PolicyRegistry.policy(named: policy)?.descriptor.parameters.first { $0.name == parameter }
    guard let known else { return [] }
    let usual = "\(known.defaultValue)"
    return known.kind.words + (known.kind.words.contains(usual) || usual.isEmpty ? [] : [usual])
  }
}
