import Attention
import GRDB
import Policies
import Pricing
import Simulator

/// A stored configuration as pricing needs it, beside dense attention over the same steps.
public struct StoredShape: Sendable {
  public let configuration: ConfigurationID
  public let label: String
  public let policy: String
  public let traceTitle: String
  public let modelName: String
  public let outputError: Double?
  public let recall: Double?
  public let shape: StepShape
  public let dense: StepShape
  /// Tokens of the sliding window that some layer of the model attends to; nil for none.
  public let slidingWindow: Int?
  /// The trace's own: all its model's layers at the mean context of the scored steps.
  public let geometry: PricedGeometry
}

extension ResultsStore {
  /// - Parameter configurations: only these rows of `configurations`; nil for all.
  public func storedShapes(configurations: Set<Int64>? = nil) throws -> [StoredShape] {
    try read { db in
      let rows = try Row.fetchAll(
        db,
        sql: """
          SELECT summary.*, model_layers,
            coalesce(sliding_window, (SELECT min(value) FROM json_each(metadata, '$.attention.layer_windows')
              WHERE value IS NOT NULL)) AS sliding_window,
             traces.query_heads AS heads_of_model, traces.kv_heads, head_dim, value_dim, prefetches
          FROM summary JOIN traces ON traces.digest = summary.trace_digest
          JOIN configurations ON configurations.id = summary.configuration
          \(configurations == nil ? "" : "WHERE summary.configuration IN (SELECT value FROM json_each(?))")
          ORDER BY summary.configuration
          """, arguments: configurations.map { [Report.list($0.sorted())] } ?? [])
      return try rows.map { try Self.shape($0, db) }
    }
  }

  private static func shape(_ row: Row, _ db: Database) throws -> StoredShape {
    let id: Int64 = try row.value("configuration")
    let scope: Int64 = try row.value("scope")
    let steps: Double = try row.value("step_count")
    let visible: Double = try row.value("visible") ?? 0
    let headDim: Double = try row.value("head_dim")
    let valueDim: Double = try row.value("value_dim")
    let groupSize = try (row.value("heads_of_model") as Double) / (row.value("kv_heads") as Double)
    let denseEntries = try entries(db, table: "dense_traffic", key: "scope", id, scope, steps: steps)
    let elementBytes = Double(denseEntries.first { $0.operation.stage == .attend }?.operation.bits ?? 16) / 8
    let denseResident = try resident(db, table: "dense_residency", key: "scope", scope)
    let visibleAtEnd =
      (denseResident.0 + denseResident.1) / max((headDim + valueDim) * elementBytes, 1)
    func make(
      _ kind: PolicyKind, budget: Budget?, prefetches: Bool, selected: Double,
      _ entries: [StepShape.Entry],
      _ resident: (Double, Double)
    ) -> StepShape {
      StepShape(
        policyKind: kind, budget: budget, prefetches: prefetches, visible: visible, selected: selected,
        groupSize: groupSize, headDim: headDim, valueDim: valueDim, elementBytes: elementBytes,
        entries: entries,
        visibleAtEnd: visibleAtEnd,
        residentDeviceBytes: resident.0, residentHostBytes: resident.1)
    }
    return try StoredShape(
      configuration: ConfigurationID(rawValue: id), label: row.value("label"), policy: row.value("policy"),
      traceTitle: row.value("text_title"), modelName: row.value("model_name"),
      outputError: row.value("output_error"),
      recall: row.value("recall"),
      shape: make(
        PolicyKind(rawValue: row.value("kind")) ?? .selection,
        budget: (row.value("budget") as String?).flatMap { Budget($0) },
        prefetches: row.value("prefetches"), selected: row.value("selected") ?? 0,
        entries(db, table: "traffic", key: "configuration", id, id, steps: steps),
        resident(db, table: "residency", key: "configuration", id)),
      dense: make(
        .bound, budget: nil, prefetches: false, selected: visible, denseEntries,
        denseResident),
      slidingWindow: row.value("sliding_window"),
      geometry: PricedGeometry(
        layers: row.value("model_layers"), queryHeads: row.value("heads_of_model"),
        kvHeads: row.value("kv_heads"),
        headDim: headDim, valueDim: valueDim,
        elementBytes: elementBytes, context: visible))
  }

  /// Bytes a step of one KV group: sums over layers, KV heads and steps, over how many there are of them.
  private static func entries(
    _ db: Database, table: String, key: String, _ configuration: Int64, _ id: Int64, steps: Double
  ) throws -> [StepShape.Entry] {
    let groups =
      try Double.fetchOne(
        db,
        sql:
          "SELECT count(*) FROM (SELECT DISTINCT layer, kv_head FROM head_summaries WHERE configuration = ?)",
        arguments: [configuration]) ?? 1
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT stage, kernel, content, tier, pattern, piece_bytes, row_bytes, bits,
          sum(read_per_head_bytes) AS per_head, sum(read_group_union_bytes) AS group_union,
          sum(written_bytes) AS written
        FROM \(table) WHERE \(key) = ?
        GROUP BY stage, kernel, content, tier, pattern, piece_bytes, row_bytes, bits
        ORDER BY stage, kernel, content, tier, pattern, piece_bytes, row_bytes, bits
        """, arguments: [id])
    let count = groups * steps
    return try rows.compactMap { row in
      try operation(row).map { operation in
        try StepShape.Entry(
          operation: operation, readPerHead: (row.value("per_head") as Double) / count,
          readGroupUnion: (row.value("group_union") as Double) / count,
          written: (row.value("written") as Double) / count)
      }
    }
  }

  /// Nil for words that this version does not know.
  private static func operation(_ row: Row) throws -> DecodeOperation? {
    guard let stage = try Stage(rawValue: row.value("stage")),
      let kernel = try KernelKind(rawValue: row.value("kernel")),
      let content = try TrafficContent(rawValue: row.value("content")),
      let tier = try MemoryTier(rawValue: row.value("tier"))
    else { return nil }
    let isGather = try (row.value("pattern") as String) == "gather"
    return try DecodeOperation(
      stage, kernel, content, rowBytes: row.value("row_bytes"), bits: row.value("bits"),
      pattern: isGather ? .gather(rowBytes: row.value("piece_bytes")) : .stream, tier: tier)
  }

  private static func resident(_ db: Database, table: String, key: String, _ id: Int64) throws -> (
    Double, Double
  ) {
    let row = try Row.fetchOne(
      db,
      sql:
        "SELECT avg(resident_device_bytes) AS device, avg(resident_host_bytes) AS host FROM \(table) WHERE \(key) = ?",
      arguments: [id])
    guard let row else { return (0, 0) }
    return (try row.value("device") ?? 0, try row.value("host") ?? 0)
  }
}
