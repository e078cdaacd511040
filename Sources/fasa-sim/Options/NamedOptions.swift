import ArgumentParser
import Results

/// Which stored configurations a command is about.
struct NamedOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Only these configurations, named as compare takes them, or all of a policy: fasa, fasa@256, fasa@256@layers:5; repeat or separate by commas.",
      valueName: "name,…"))
  var only: [String] = []

  /// Rows of `configurations`; nil for all.
  func configurations(in store: ResultsStore) throws -> Set<Int64>? {
    only.isEmpty ? nil : try store.configurations(named: only)
  }
}
