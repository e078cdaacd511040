import ArgumentParser
import Results
import Simulator

/// What a configuration's quality must be, as means over steps, layers and heads.
struct QualityTarget: ParsableArguments {
  @Option(help: ArgumentHelp("Largest mean output error, such as 0.1.", valueName: "e"))
  var maxOutputError: Double?

  @Option(help: ArgumentHelp("Smallest mean recall of the oracle's tokens, 0 to 1.", valueName: "r"))
  var minRecall: Double?

  @Option(help: ArgumentHelp("Smallest mean attention mass, 0 to 1.", valueName: "m"))
  var minMass: Double?

  func validate() throws {
    guard maxOutputError != nil || minRecall != nil || minMass != nil else {
      throw ValidationError(
        "expected a quality target, found none: give --max-output-error, --min-recall or --min-mass")
    }
    if let maxOutputError, !(maxOutputError > 0 && maxOutputError.isFinite) {
      throw ValidationError("--max-output-error \(maxOutputError): expected more than 0")
    }
    for (name, value) in [("--min-recall", minRecall), ("--min-mass", minMass)] {
      if let value, !(value > 0 && value <= 1) {
        throw ValidationError("\(name) \(value): expected more than 0 and at most 1")
      }
    }
  }

  /// What the front is of: the first that was asked for.
  var lossName: String {
    maxOutputError != nil ? "output error" : minMass != nil ? "mass missed" : "recall missed"
  }

  /// Nil where it is undefined.
  func loss(_ row: SummaryRow) -> Double? {
    if maxOutputError != nil { return row.outputError }
    return (minMass != nil ? row.mass : row.recall).map { 1 - $0 }
  }

  /// How far the worst miss is off, as a share of what was asked; nil where a quality is undefined.
  func violation(_ row: SummaryRow) -> Double? {
    var worst = 0.0
    if let maxOutputError {
      guard let error = row.outputError else { return nil }
      worst = max(worst, error / maxOutputError - 1)
    }
    for (least, value) in [(minRecall, row.recall), (minMass, row.mass)] {
      guard let least else { continue }
      guard let value else { return nil }
      worst = max(worst, (least - value) / least)
    }
    return worst
  }

  var text: String {
    var parts: [String] = []
    if let maxOutputError { parts.append("output error at most \(maxOutputError)") }
    if let minRecall { parts.append("recall at least \(minRecall)") }
    if let minMass { parts.append("mass at least \(minMass)") }
    return parts.joined(separator: ", ")
  }
}
