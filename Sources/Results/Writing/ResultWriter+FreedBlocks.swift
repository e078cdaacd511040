import GRDB
import Simulator

/// Blocks that evictors free.
extension ResultWriter {
  func insertFreedBlocks(_ configuration: ConfigurationResult, _ id: ConfigurationID) throws {
    var rows = try BulkInsert(
      db, into: "freed_blocks", columns: ["configuration", "layer", "block_tokens", "blocks", "freed"])
    for layer in configuration.freed {
      rows.bind(Int(id.rawValue))
      rows.bind(layer.layer)
      rows.bind(FreedBlocks.tokens)
      rows.bind(layer.blocks)
      rows.bind(layer.freed)
      try rows.insert()
    }
  }
}
