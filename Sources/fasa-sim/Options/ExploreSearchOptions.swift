import ArgumentParser
import Experiments
import Simulator

/// How far the grid is searched.
struct ExploreSearchOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Parameters to search: all, none, or names such as chunks,page.", valueName: "name,…"),
    completion: .parameters)
  var vary = "all"

  @Option(
    name: .customLong("budget-in"),
    help: "What budgets are searched in: shares grow with the context, tokens stay.")
  var measure: PolicySpace.Measure = .share

  @Option(help: ArgumentHelp("Configurations to try at most.", valueName: "n"))
  var maxTrials = 400

  @Flag(help: "Judge every point of the grid on everything in place of a search: to check one against.")
  var exhaustive = false

  func validate() throws {
    guard (10...ExploreSearch.largestGrid).contains(maxTrials) else {
      throw ValidationError("--max-trials \(maxTrials): expected 10 to \(ExploreSearch.largestGrid)")
    }
  }

  var search: ExploreSearch {
    ExploreSearch(measure: measure, varied: varied, maxTrials: maxTrials, isExhaustive: exhaustive)
  }

  private var varied: PolicySpace.Varied {
    switch vary {
    case "all": .all
    case "none": .only([])
    default: .only(vary.split(separator: ",").map(String.init))
    }
  }
}

extension PolicySpace.Measure: ExpressibleByArgument {}
