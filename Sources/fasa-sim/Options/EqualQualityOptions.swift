import ArgumentParser
import Experiments
import Results

/// What configurations are held to when they are compared by time.
struct EqualQualityOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Of each policy only the fastest configuration whose mean output error is at most so much.",
      valueName: "error"))
  var atOutputError: Double?

  @Option(
    name: .customLong("at-kl"),
    help: ArgumentHelp(
      "The same by the divergence (KL) of live runs that the database holds: see docs/live.md.",
      valueName: "nats"))
  var atDivergence: Double?

  func validate() throws {
    for (name, value) in [("--at-output-error", atOutputError), ("--at-kl", atDivergence)] {
      guard let value, !(value > 0 && value.isFinite) else { continue }
      throw ValidationError("\(name): expected a number above 0, found \(value)")
    }
    guard atOutputError == nil || atDivergence == nil else {
      throw ValidationError("--at-kl: expected without --at-output-error, found both; take one of them")
    }
  }

  func target(_ shapes: [StoredShape], in store: ResultsStore) throws -> EqualQuality? {
    if let atOutputError { return EqualQuality(outputError: atOutputError, shapes) }
    return try atDivergence.map { try EqualQuality(divergence: $0, shapes, in: store) }
  }
}
