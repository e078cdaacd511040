import Hardware
import Results
import Simulator

/// Prices a sweep's configurations on hardware, each at its trace's own geometry and context.
struct SweepPricing {
  private let machines: [PricedMachine]

  /// - Throws: `HardwareError` where a machine is not known or its file is wrong, before any work is done.
  init(hardware: [String]) throws {
    machines = try PricedMachine.named(hardware, kernels: PricingOptions.defaultKernels)
  }

  /// Stores the modelled times of stored configurations.
  func price(_ configurations: [ConfigurationIdentity], in store: ResultsStore) throws {
    guard !machines.isEmpty else { return }
    let wanted = Set(try store.summaries(identities: configurations).map(\.configuration))
    let job = PricingJob(
      shapes: try store.storedShapes(configurations: wanted),
      machines: machines,
      model: nil, contexts: [], batches: [1], reading: .groupUnion)
    try store.store(try job.run().map(\.row))
  }
}
