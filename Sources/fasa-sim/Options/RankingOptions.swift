import ArgumentParser
import Attention
import Experiments

/// In which order rows are shown.
struct RankingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Show the best first, by \(RowRanking.Key.allCases.map(\.rawValue).joined(separator: ", ")); policies that no budget applies to stand apart.",
      valueName: "key"))
  var sort: RowRanking.Key?

  @Option(
    help: ArgumentHelp(
      "Show only so many of them, by output error where --sort says nothing else.", valueName: "n"))
  var top: Int?

  func validate() throws {
    guard let top, top < 1 else { return }
    throw ValidationError("--top \(top): expected 1 or more")
  }

  /// Nil for the order in which rows were asked for.
  func ranking(_ reading: Reading) -> RowRanking? {
    sort == nil && top == nil ? nil : RowRanking(sort ?? .outputError, most: top, reading: reading)
  }
}

extension RowRanking.Key: ExpressibleByArgument {}
