import ArgumentParser
import Attention
import Experiments
import Policies
import Results

/// What the words of this program's arguments are.
extension CompletionKind {
  static let trace = CompletionKind.file(extensions: ["zst", "safetensors"])
  static let database = CompletionKind.file(extensions: ["db", "sqlite", "sqlite3"])

  static let policies = CompletionKind.custom { CompletedWord.policies($2) }

  /// Names separated by commas, made when they are asked for.
  static func names(_ names: @escaping @Sendable () -> [String]) -> CompletionKind {
    .custom { CompletedWord.names($2, among: names()) }
  }

  static let parameters = CompletionKind.names {
    Set(PolicyRegistry.policies.flatMap { $0.descriptor.parameters.map(\.name) }).sorted() + ["all", "none"]
  }

  static let machines = described { HardwareLocator.names() }
  static let kernelSets = described { HardwareLocator.names(folder: "kernels") }
  static let machinesAndKernelSets = described {
    HardwareLocator.names() + HardwareLocator.names(folder: "kernels")
  }

  /// Bundled names, or files; those of a list after its last comma.
  private static func described(_ names: @escaping @Sendable () -> [String]) -> CompletionKind {
    .custom { CompletedWord.names($2, among: names()) + CompletedWord.files($2, endings: [".yaml"]) }
  }

  static let profile = CompletionKind.custom { _, _, word in
    ProfileLocator.paths().map(ProfileLocator.name).filter { $0.hasPrefix(word) }
      + CompletedWord.files(word, endings: [".json"])
  }

  /// Views and tables are those of this version, whatever database is meant.
  static let view = CompletionKind.custom { _, _, word in
    let views = try? ResultsStore(path: ":memory:").exportedViews()
    return (views ?? []).map(\.name).filter { $0.hasPrefix(word) }
  }
}
