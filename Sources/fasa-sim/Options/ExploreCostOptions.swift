import ArgumentParser
import Experiments

/// What a configuration is priced on; without a machine, bytes.
struct ExploreCostOptions: ParsableArguments {
  @OptionGroup var pricing: PricingOptions

  @OptionGroup var shape: GeometryOptions

  @Option(
    help: ArgumentHelp("Tokens that a query sees, such as 64k; the trace's by default.", valueName: "n"))
  var context: CountRange?

  @Option(help: ArgumentHelp("Sequences that decode together. (default: 1)", valueName: "n"))
  var batch: CountRange?

  func validate() throws {
    let names = pricing.hardware.names
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
        ("--geometry", shape.geometry != nil), ("--context", context != nil), ("--batch", batch != nil),
      ] where isGiven {
        throw ValidationError(
          "\(name): expected --hardware with it: without a machine bytes are counted as they were")
      }
    }
  }

  func explorePricing() throws -> ExplorePricing {
    ExplorePricing(
      machine: try pricing.machines().first, model: try shape.shape(), context: context?.values.first,
      batch: batch?.values.first ?? 1, reading: pricing.reading)
  }
}
