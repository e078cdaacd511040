import GRDB

extension Schema {
  /// Version 10: blocks of a layer's cache that evictors free.
  ///
  /// A configuration has rows where it drops tokens for good; one that does not, or that an older fasa-sim stored, has none.
  static func countFreedBlocks(_ db: Database) throws {
    try remake("''", replacing: ["summary": summaryView(freedColumns)], db) {
      try db.execute(sql: freedTable)
      try db.execute(sql: freedColumn)
    }
  }

  /// Those of version 9, and the share of blocks that is freed.
  static let freedColumns = bufferedColumns + ["freed_block_share"]

  static let freedColumn = "ALTER TABLE configuration_totals ADD COLUMN freed_block_share REAL;"

  static let freedTable = """
    CREATE TABLE freed_blocks (
      configuration INTEGER NOT NULL REFERENCES configurations (id) ON DELETE CASCADE,
      layer INTEGER NOT NULL CHECK (layer >= 0),
      block_tokens INTEGER NOT NULL CHECK (block_tokens > 0),
      blocks INTEGER NOT NULL CHECK (blocks > 0),
      freed INTEGER NOT NULL CHECK (freed BETWEEN 0 AND blocks),
      PRIMARY KEY (configuration, layer)
    ) STRICT;
    """

  /// The part of a configuration's totals that version 10 brought.
  ///
  /// - Parameter filter: a WHERE clause on `configuration`.
  static func freedTotals(_ filter: String) -> String {
    """
    UPDATE configuration_totals SET
      freed_block_share = (SELECT 1.0 * sum(freed) / sum(blocks) FROM freed_blocks \(filter)) \(filter)
    """
  }
}
