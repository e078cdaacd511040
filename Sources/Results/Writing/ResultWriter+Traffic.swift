import Attention
import GRDB
import Policies
import Simulator

extension ResultWriter {
  /// Whose bytes they are: a policy's, or dense attention's over the same steps.
  enum Owner {
    case configuration(ConfigurationID)
    case scope(Int64)

    var key: Int64 {
      switch self {
      case .configuration(let id): id.rawValue
      case .scope(let id): id
      }
    }

    var column: String {
      switch self {
      case .configuration: "configuration"
      case .scope: "scope"
      }
    }

    var tables: (traffic: String, residency: String) {
      switch self {
      case .configuration: ("traffic", "residency")
      case .scope: ("dense_traffic", "dense_residency")
      }
    }
  }

  func insertTraffic(_ groups: [GroupWork], owner: Owner) throws {
    let traffic = try db.makeStatement(
      sql: """
        INSERT INTO \(owner.tables.traffic) (\(owner.column), layer, kv_head, stage, kernel, content, tier, pattern,
          piece_bytes, row_bytes, bits, read_per_head_bytes, read_group_union_bytes, written_bytes)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    let residency = try db.makeStatement(
      sql: """
        INSERT INTO \(owner.tables.residency) (\(owner.column), layer, kv_head, resident_device_bytes,
          resident_host_bytes)
        VALUES (?, ?, ?, ?, ?)
        """)
    for group in groups {
      for (operation, bytes) in group.work.sorted {
        let kind = operation.kind
        try traffic.execute(arguments: [
          owner.key, group.layer, group.kvHead, operation.stage.rawValue, operation.kernel.rawValue,
          kind.content.rawValue, kind.tier.rawValue, kind.pattern.word, kind.pattern.pieceBytes,
          operation.rowBytes, operation.bits, bytes.readPerHead, bytes.readGroupUnion, bytes.written,
        ])
      }
      try residency.execute(arguments: [
        owner.key, group.layer, group.kvHead, group.residentDeviceBytes, group.residentHostBytes,
      ])
    }
  }
}

extension ResultWriter {
  /// What is stored of an owner's bytes, a text per row: by what they are, since a build may name operations otherwise.
  func traffic(of owner: Owner) throws -> Set<String> {
    let moved = try String.fetchSet(
      db,
      sql: """
        SELECT printf('%d %d %s %s %s %d %d %d %d', layer, kv_head, content, tier, pattern, piece_bytes,
          sum(read_per_head_bytes), sum(read_group_union_bytes), sum(written_bytes))
        FROM \(owner.tables.traffic) WHERE \(owner.column) = ?
        GROUP BY layer, kv_head, content, tier, pattern, piece_bytes
        """, arguments: [owner.key])
    let kept = try String.fetchSet(
      db,
      sql: """
        SELECT printf('%d %d %d %d', layer, kv_head, resident_device_bytes, resident_host_bytes)
        FROM \(owner.tables.residency) WHERE \(owner.column) = ?
        """, arguments: [owner.key])
    return moved.union(kept)
  }

  /// The same texts of what would be stored.
  func lines(_ groups: [GroupWork]) -> Set<String> {
    var lines: Set<String> = []
    for group in groups {
      for (kind, bytes) in group.work.bytes {
        lines.insert(
          "\(group.layer) \(group.kvHead) \(kind.content.rawValue) \(kind.tier.rawValue) \(kind.pattern.word) \(kind.pattern.pieceBytes) \(bytes.readPerHead) \(bytes.readGroupUnion) \(bytes.written)"
        )
      }
      lines.insert(
        "\(group.layer) \(group.kvHead) \(group.residentDeviceBytes) \(group.residentHostBytes)")
    }
    return lines
  }
}

extension AccessPattern {
  fileprivate var word: String { if case .stream = self { "stream" } else { "gather" } }
  fileprivate var pieceBytes: Int { if case .gather(let bytes) = self { bytes } else { 0 } }
}
