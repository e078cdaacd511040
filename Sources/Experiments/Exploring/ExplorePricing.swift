import Attention
import Pricing
import Results
import Simulator
import Traces

/// What a configuration costs: modelled time on a machine, or the share of dense attention's bytes.
public struct ExplorePricing {
  /// Nil to count bytes.
  let machine: PricedMachine?
  /// Nil for the trace's own geometry.
  let model: ModelShape?
  /// Nil for the trace's own context.
  let context: Int?
  let batch: Int
  let reading: Reading

  /// - Parameters:
  ///   - machine: nil to count bytes.
  ///   - model: whose attention is priced; nil for the trace's.
  ///   - context: tokens that a query sees; nil for the trace's own mean.
  ///   - batch: sequences that decode together.
  ///   - reading: how the query heads of a KV head read.
  public init(
    machine: PricedMachine? = nil, model: ModelShape? = nil, context: Int? = nil, batch: Int = 1,
    reading: Reading = .groupUnion
  ) {
    self.machine = machine
    self.model = model
    self.context = context
    self.batch = batch
    self.reading = reading
  }

  /// What one configuration costs.
  public struct Cost {
    /// Nanoseconds of a layer's attention, the mean over layers where some have a window, or a share of dense attention's
    /// bytes.
    public let value: Double
    /// Dense attention's.
    public let dense: Double
    /// Nil where bytes are counted.
    public let point: PricingJob.Point?
  }

  func costs(_ rows: [SummaryRow], in store: ResultsStore) throws -> [Int64: Cost] {
    guard let machine else {
      return Dictionary(
        rows.compactMap { row in
          bytesShare(row).map { (row.configuration, Cost(value: $0, dense: 1, point: nil)) }
        }
      ) { first, _ in first }
    }
    let shapes = try store.storedShapes(configurations: Set(rows.map(\.configuration)))
    let job = PricingJob(
      shapes: shapes, machines: [machine], model: model, contexts: context.map { [$0] } ?? [],
      batches: [batch],
      reading: reading)
    return Dictionary(
      try job.run().map { point in
        (
          point.stored.configuration.rawValue,
          Cost(value: point.layer.policy, dense: point.layer.dense, point: point)
        )
      }
    ) { first, _ in first }
  }

  func bytesShare(_ row: SummaryRow) -> Double? {
    row.bytesShare(reading)
  }
}
