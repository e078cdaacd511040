import Crypto
import Foundation
import GRDB
import Hardware
import Simulator

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

  var hardwareDigest: String {
    SHA256.hash(data: Data((machine.machine.digest + machine.kernels.digest).utf8))
      .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

extension ResultsStore {
  /// Keeps modelled times, in place of those for the same machine, geometry, context, batch and reading.
  public func store(_ rows: [ModelledRow]) throws {
    try write { db in
      for row in rows {
        let key: StatementArguments = [
          row.configuration.rawValue, row.hardwareDigest, row.geometryName,
          Int(row.step.geometry.context.rounded()),
          Int(row.step.batch), row.step.reading.rawValue,
        ]
        try db.execute(
          sql: """
            DELETE FROM modelled WHERE configuration = ? AND hardware_digest = ? AND geometry = ?
              AND context_tokens = ? AND batch = ? AND reading = ?
            """, arguments: key)
        let dense = ("dense", row.step.dense.nanoseconds, row.step.dense.bytes)
        for (stage, nanoseconds, bytes) in [dense]
          + row.step.policy.parts.map({ ($0.stage.rawValue, $0.nanoseconds, $0.bytes) })
        {
          let error = row.machine.error
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
