import ArgumentParser
import Experiments

/// What a configuration's quality must be.
struct QualityOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Largest mean output error, such as 0.1.", valueName: "e"))
  var maxOutputError: Double?

  @Option(
    help: ArgumentHelp("Largest output error weighted by the outputs' norms, such as 0.1.", valueName: "e"))
  var maxWeightedError: Double?

  @Option(help: ArgumentHelp("Smallest mean recall of the oracle's tokens, 0 to 1.", valueName: "r"))
  var minRecall: Double?

  @Option(help: ArgumentHelp("Smallest mean attention mass, 0 to 1.", valueName: "m"))
  var minMass: Double?

  var target: QualityTarget {
    QualityTarget(
      maxOutputError: maxOutputError, maxWeightedError: maxWeightedError, minRecall: minRecall,
      minMass: minMass)
  }

  func validate() throws {
    guard maxOutputError != nil || maxWeightedError != nil || minRecall != nil || minMass != nil else {
      throw ValidationError(
        "expected a quality target, found none: give --max-output-error, --max-weighted-error, --min-recall or --min-mass"
      )
    }
    for (name, value) in [("--max-output-error", maxOutputError), ("--max-weighted-error", maxWeightedError)]
    {
      if let value, !(value > 0 && value.isFinite) {
        throw ValidationError("\(name) \(value): expected more than 0")
      }
    }
    for (name, value) in [("--min-recall", minRecall), ("--min-mass", minMass)] {
      if let value, !(value > 0 && value <= 1) {
        throw ValidationError("\(name) \(value): expected more than 0 and at most 1")
      }
    }
  }
}
