import ArgumentParser
import Attention
import Experiments
import Pricing
import Simulator

/// Machines that times are modelled for.
struct HardwareOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Machines to price on: bundled names or .yaml files; repeat or separate by commas. See fasa-sim hardware list.",
      valueName: "name,…"), completion: .machines)
  var hardware: [String] = []

  var names: [String] { hardware.flatMap { $0.split(separator: ",").map(String.init) } }
}

/// Machines, and the kernels that they are priced with.
struct PricingOptions: ParsableArguments {
  @OptionGroup var hardware: HardwareOptions

  @Option(
    help: ArgumentHelp(
      "Kernel sets of machines that were not measured themselves, or .yaml files; repeat or separate by commas. (default: \(PricedMachine.defaultKernels), or what the machine names; see fasa-sim hardware list)",
      valueName: "name,…"), completion: .kernelSets)
  var kernels: [String] = []

  @Option(help: "How the heads of a KV head read: each for itself, or their union once.")
  var reading: Reading = .groupUnion

  func validate() throws {
    guard kernels.isEmpty || !names.isEmpty else {
      throw ValidationError("--kernels: expected names, found none")
    }
  }

  private var names: [String] { kernels.flatMap { $0.split(separator: ",").map(String.init) } }

  /// - Parameter withEarlier: whether earlier kernels are priced beside the default ones.
  func machines(withEarlier: Bool = false) throws -> [PricedMachine] {
    try PricedMachine.named(
      hardware.names, kernels: names, withEarlier: withEarlier)
  }
}

extension Reading: ExpressibleByArgument {}
