import Results
import Simulator

/// Prices a sweep's configurations on hardware.
struct SweepPricing {
  let hardware: [String]

  /// - Throws: ``ReplayError`` where hardware is named that nothing can price, before any work is done.
  init(hardware: [String]) throws {
    guard let first = hardware.first else {
      self.hardware = []
      return
    }
    throw ReplayError(
      "hardware \(first): expected no hardware, since this version has no cost model; leave hardware out")
  }

  /// Stores the modelled times of configurations that have just been stored.
  func price(_ configurations: [ConfigurationIdentity], in store: ResultsStore) throws {}
}
