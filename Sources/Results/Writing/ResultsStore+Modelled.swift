import GRDB
import Pricing

/// A priced step and what it was priced for, as `modelled` keeps it.
public struct ModelledRow: Sendable {
  public let configuration: ConfigurationID
  public let machine: PricedMachine
  /// Of the model: `own` for the trace's.
  public let geometryName: String
  public let step: PricedStep
  /// Whether the machine, the geometry or the context is another than what was measured.
  public let isExtrapolated: Bool

  public init(
    configuration: ConfigurationID, machine: PricedMachine, geometryName: String, step: PricedStep,
    isExtrapolated: Bool
  ) {
    self.configuration = configuration
    self.machine = machine
    self.geometryName = geometryName
    self.step = step
    self.isExtrapolated = isExtrapolated
  }
}

extension ResultsStore {
  /// Keeps modelled times, in place of those for the same machine, geometry, context, batch and reading.
  public func store(_ rows: [ModelledRow]) throws {
    try write { db in
      for row in rows {
        let key: StatementArguments = [
          row.configuration.rawValue, row.machine.model.digest, row.geometryName,
          Int(saturating: row.step.geometry.context.rounded()),
          Int(saturating: row.step.batch), row.step.reading.rawValue,
        ]
        try db.execute(
          sql: """
            DELETE FROM modelled WHERE configuration = ? AND hardware_digest = ? AND geometry = ?
              AND context_tokens = ? AND batch = ? AND reading = ?
            """, arguments: key)
        let error = row.machine.error(of: row.step.kind, at: row.step.geometry)
        let dense = ("dense", row.step.dense.nanoseconds, row.step.dense.bytes)
        for (stage, nanoseconds, bytes) in [dense]
          + row.step.policy.parts.map({ ($0.term.name, $0.nanoseconds, $0.bytes) })
        {
          try db.execute(
            sql: """
              INSERT INTO modelled (configuration, hardware_digest, geometry, context_tokens, batch, reading, hardware,
                stage, duration_ns, moved_bytes, relative_error_p50, relative_error_p90, relative_error_mean,
                extrapolated)
              VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
              """,
            arguments: key + [
              row.machine.name, stage, nanoseconds, bytes, error?.median, error?.p90, error?.signedMean,
              row.isExtrapolated,
            ])
        }
      }
    }
  }
}
