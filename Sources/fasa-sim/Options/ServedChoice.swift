import ArgumentParser
import Policies

/// Engines as `--like` lists them; nil for as a policy's authors have it.
struct ServedChoice: ExpressibleByArgument {
  let engines: [ServingEngine?]

  static let words = ServingEngine.allCases.map(\.rawValue) + ["own"]

  /// What each stands for.
  static let named = ServingEngine.allCases.map { engine in
    "\(engine.rawValue) (\(engine.settings.map { "\($0.name)=\($0.value)" }.joined(separator: ",")))"
  }.joined(separator: ", ")

  init?(argument: String) {
    var engines: [ServingEngine?] = []
    for word in argument.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
      guard Self.words.contains(word) else { return nil }
      engines.append(ServingEngine(rawValue: word))
    }
    self.engines = engines
  }
}
