import Pricing

/// Machines and kernel sets that a table of measurements is held against.
struct BundledKernels {
  private let machines: [String: HardwareDescription]
  private let models: [String: [CostModel?]]
  /// Of GPUs: those fitted to engines' kernels first.
  let sets: [KernelSet]
  /// Apple's GPUs run no kernels of CUDA, and others none of Metal.
  private static let metal = "metal"

  /// - Parameter added: descriptions beside the bundled ones.
  /// - Throws: `PricingError` where a file is wrong.
  init(added: [HardwareDescription]) throws {
    let sets = try HardwareLocator.names(folder: "kernels").map(HardwareLocator.kernels)
    self.init(machines: try HardwareLocator.machines() + added, sets: sets)
  }

  init(machines: [HardwareDescription], sets: [KernelSet]) {
    // One that is given stands in place of a bundled one with its name.
    let named = Dictionary(machines.map { ($0.name, $0) }) { $1 }
    // A host that launches while the device works is a GPU's.
    let ofGPUs = sets.filter(\.launchesAhead)
    let all =
      ofGPUs.filter { $0.dense.kernel.blocks != nil } + ofGPUs.filter { $0.dense.kernel.blocks == nil }
    models = named.mapValues { machine in
      all.map { set in
        let suits = (machine.kernelSet == Self.metal) == (set.name == Self.metal)
        return suits ? CostModel(machine: machine, kernels: set) : nil
      }
    }
    (self.machines, self.sets) = (named, all)
  }

  /// By the name of a description, or of aiconfigurator's folder.
  func machine(_ name: String) -> HardwareDescription? {
    machines[TableOrigin.machines[name] ?? name].flatMap { $0.kind == .gpu ? $0 : nil }
  }

  /// For each of ``sets``: nil where it does not serve the machine.
  func models(of machine: HardwareDescription) -> [CostModel?] { models[machine.name] ?? [] }

  /// The sets that were fitted to kernels on one of these machines.
  func fitted(to names: some Sequence<String>) -> [KernelSet] {
    let machines = names.compactMap(machine)
    return sets.filter { set in machines.contains { set.calibration?.isFitted(to: $0) == true } }
  }
}
