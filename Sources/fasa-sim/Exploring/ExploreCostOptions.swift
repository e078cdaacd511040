import ArgumentParser
import Hardware
import Simulator
import Traces

/// What a configuration is priced on; without a machine, bytes.
struct ExploreCostOptions: ParsableArguments {
  @OptionGroup var pricing: PricingOptions

  @Option(
    help: ArgumentHelp(
      "Attention of another model than the trace's: \(ModelShape.allCases.map(\.rawValue).joined(separator: ", ")).",
      valueName: "model"))
  var geometry: ModelShape?

  @Option(
    help: ArgumentHelp("Tokens that a query sees, such as 64k; the trace's by default.", valueName: "n"))
  var context: CountRange?

  @Option(help: ArgumentHelp("Sequences that decode together. (default: 1)", valueName: "n"))
  var batch: CountRange?

  func validate() throws {
    let names = pricing.hardware.flatMap { $0.split(separator: ",") }
    guard names.count <= 1 else {
      throw ValidationError(
        "--hardware: expected one machine to search for, found \(names.count); search for each")
    }
    for (name, count) in [("--context", context?.values.count), ("--batch", batch?.values.count)] {
      if let count, count != 1 {
        throw ValidationError("\(name): expected one value to search at, found \(count)")
      }
    }
    if names.isEmpty {
      for (name, isGiven) in [
        ("--geometry", geometry != nil), ("--context", context != nil), ("--batch", batch != nil),
      ] where isGiven {
        throw ValidationError(
          "\(name): expected --hardware with it: without a machine bytes are counted as they were")
      }
    }
  }

  func explorePricing() throws -> ExplorePricing {
    ExplorePricing(
      machine: try pricing.machines().first, model: geometry, context: context?.values.first,
      batch: batch?.values.first ?? 1, reading: pricing.reading)
  }
}
