import Pricing
import Simulator

extension PricedMachine {
  /// The kernel set that machines without kernels of their own are priced with, unless another is named.
  public static let defaultKernels = "triton"

  /// Bundled machines or files by name, each once, and each with its own kernels or else with the named set.
  ///
  /// - Throws: `PricingError` where a name is not known, a file is wrong, or a processor has no kernels.
  public static func named(_ names: [String], kernels: String = defaultKernels) throws -> [PricedMachine] {
    guard !names.isEmpty else { return [] }
    let set = try HardwareLocator.kernels(kernels)
    var seen: Set<String> = []
    return try names.filter { seen.insert($0).inserted }.map { name in
      let machine = try HardwareLocator.machine(name)
      guard machine.kernels != nil || machine.kind == .gpu || !set.launchesAhead else {
        throw PricingError(
          name, expected: "kernels of its own, or a kernel set of processors",
          found: "none in its file, and the set '\(set.name)' of GPUs",
          advice: "name a kernel set of processors, or measure the machine (fasa-sim hardware measure)")
      }
      return PricedMachine(machine: machine, kernels: machine.kernels ?? set)
    }
  }
}

extension PricedMachine {
  /// How far off its prices are, as headings say it.
  var errorText: String {
    error.map { "held-out times ±\(NumberText.percent($0.median)) (90 %: ±\(NumberText.percent($0.p90)))" }
      ?? "error unknown"
  }
}
