import GRDB
import Simulator

extension ResultWriter {
  /// A statement per stage, since the stage is text and a bulk insert binds numbers only.
  func insertSamples(_ configuration: ConfigurationResult, _ id: ConfigurationID) throws {
    try insertReadBandwidth()
    for (name, samples) in Dictionary(grouping: configuration.kernelSamples, by: \.name) {
      var rows = try BulkInsert(
        db, into: "kernel_samples",
        columns: ["configuration", "run", "layer", "kv_head", "repeat", "duration_ns", "moved_bytes"],
        constants: ["stage": name])
      for sample in samples {
        rows.bind(Int(id.rawValue))
        rows.bind(Int(run.rawValue))
        rows.bind(sample.layer)
        rows.bind(sample.kvHead)
        rows.bind(sample.repeatIndex)
        rows.bind(sample.nanoseconds)
        rows.bind(sample.bytes)
        try rows.insert()
      }
    }
    if !configuration.kernelSamples.isEmpty { try insertMedians(id) }
  }

  /// Measured by the replay, so known only once the run's row has begun; the last trace's stays.
  private func insertReadBandwidth() throws {
    guard let bandwidth = result.readBandwidth else { return }
    try db.execute(
      sql: "UPDATE runs SET read_bandwidth_bytes_per_s = ? WHERE id = ?",
      arguments: [bandwidth, run.rawValue])
  }
}
