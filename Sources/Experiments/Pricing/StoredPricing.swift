import Attention
import Pricing
import Results
import Simulator

/// Prices stored configurations on machines, each at its trace's own geometry and context, one sequence at a time.
public struct StoredPricing {
  let machines: [PricedMachine]
  let reading: Reading

  /// - Parameter machines: none to price nothing.
  public init(machines: [PricedMachine], reading: Reading = .groupUnion) {
    self.machines = machines
    self.reading = reading
  }

  /// Stores the modelled times of configurations.
  ///
  /// - Parameters:
  ///   - configurations: rows of the database.
  ///   - database: its name, as the report is to tell it.
  /// - Returns: nil where there is no machine.
  @discardableResult
  public func price(_ configurations: [SummaryRow], in store: ResultsStore, database: String? = nil) throws
    -> ModelReport?
  {
    guard !machines.isEmpty else { return nil }
    let wanted = Set(configurations.map(\.configuration))
    let job = PricingJob(
      shapes: try store.storedShapes(configurations: wanted), machines: machines, reading: reading)
    let points = try job.run()
    try store.store(points.map(\.row))
    return ModelReport(job: job, points: points, database: database)
  }
}
