import ArgumentParser
import Experiments

/// What a configuration's quality must be, or what it may cost.
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

  @Option(
    help: ArgumentHelp(
      "In place of a quality: the least output error within this share of dense attention's bytes, such as 20%.",
      valueName: "share"))
  var maxBytes: Share?

  @Option(
    help: ArgumentHelp(
      "The same within this share of dense attention's modelled time, with --hardware.", valueName: "share"))
  var maxTime: Share?

  var target: QualityTarget {
    QualityTarget(
      maxOutputError: maxOutputError, maxWeightedError: maxWeightedError, minRecall: minRecall,
      minMass: minMass, maxCostShare: (maxBytes ?? maxTime)?.value)
  }

  func validate() throws {
    let qualities = [maxOutputError, maxWeightedError, minRecall, minMass].compactMap(\.self)
    let costs = [maxBytes, maxTime].compactMap(\.self)
    guard !qualities.isEmpty || !costs.isEmpty else {
      throw ValidationError(
        "expected a target, found none: give --max-output-error, --max-weighted-error, --min-recall or --min-mass for the cheapest, or --max-bytes or --max-time for the best"
      )
    }
    guard costs.count + (qualities.isEmpty ? 0 : 1) <= 1 else {
      throw ValidationError(
        "--max-bytes and --max-time look for the best quality: expected one of them alone, found another target beside it; leave one out"
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
