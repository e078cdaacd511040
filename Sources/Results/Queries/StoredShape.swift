import Attention
import GRDB
import Policies
import Pricing
import Simulator

/// A stored configuration as pricing needs it, beside dense attention over the same steps.
public struct StoredShape: Sendable {
  public let configuration: ConfigurationID
  public let label: String
  /// What tells it from the others that it was read with: its label, or as it is typed where several have that.
  public internal(set) var name: String
  public let policy: String
  public let traceTitle: String
  public let modelName: String
  public let outputError: Double?
  public let recall: Double?
  /// Of the layers that see everything; of all where each has a window, or none.
  public let shape: StepShape
  public let dense: StepShape
  /// Tokens of the smallest sliding window, where each layer that was replayed has one; nil for none.
  public let slidingWindow: Int?
  /// Layers with a window, where there are others beside them.
  public let windowed: WindowedShape?
  /// The trace's own: all its model's layers at the mean context of the scored steps, in layers as `shape` is of.
  public let geometry: PricedGeometry

  /// What a configuration did in the layers that see the latest tokens alone.
  public struct WindowedShape: Sendable {
    public let shape: StepShape
    public let dense: StepShape
    /// Of the model's layers, how many have a window.
    public let layers: Double
    /// Whether the trace states so, or holds them in that proportion.
    public let isStated: Bool
    /// Of the longest window.
    public let tokens: Int
  }
}

extension ResultsStore {
  /// - Parameter configurations: only these rows of `configurations`; nil for all.
  public func storedShapes(configurations: Set<Int64>? = nil) throws -> [StoredShape] {
    try read { db in
      let rows = try Row.fetchAll(
        db,
        sql: """
          SELECT summary.*, model_layers, metadata,
             traces.query_heads AS heads_of_model, traces.kv_heads, head_dim, value_dim, prefetches
          FROM summary JOIN traces ON traces.digest = summary.trace_digest
          JOIN configurations ON configurations.id = summary.configuration
          \(configurations == nil ? "" : "WHERE summary.configuration IN (SELECT value FROM json_each(?))")
          ORDER BY summary.configuration
          """, arguments: configurations.map { [Report.list($0.sorted())] } ?? [])
      var windows: [String: TraceWindows] = [:]
      let shapes = try rows.map { row in
        let trace: String = try row.value("trace_digest")
        let known = try windows[trace] ?? TraceWindows(metadata: row.value("metadata"))
        windows[trace] = known
        return try Self.shape(row, known, db)
      }
      return try Self.named(shapes, db)
    }
  }

  /// Those of one label and text by names of their own: parts of a trace, seeds, profiles, builds.
  private static func named(_ shapes: [StoredShape], _ db: Database) throws -> [StoredShape] {
    var result = shapes
    let alike = Dictionary(grouping: shapes.indices) { [shapes[$0].label, shapes[$0].traceTitle] }
    for places in alike.values where places.count > 1 {
      let keys = places.map { shapes[$0].configuration.rawValue }
      let sides = try Row.fetchAll(
        db, sql: "\(ComparedSide.sql) WHERE c.id IN (SELECT value FROM json_each(?)) ORDER BY c.id",
        arguments: [Report.list(keys)]
      ).map(ComparedSide.init)
      // Shapes are in the order of their keys, too.
      for (place, name) in zip(places, SideName.names(of: sides)) { result[place].name = name }
    }
    return result
  }

  private static func shape(_ row: Row, _ windows: TraceWindows, _ db: Database) throws -> StoredShape {
    let split = try windows.split(layersOf: row.value("configuration"), db)
    let isMixed = split.map { !$0.full.isEmpty && !$0.windowed.isEmpty } ?? false
    let full = try pair(row, layers: isMixed ? split?.full : nil, db)
    let headDim: Double = try row.value("head_dim")
    let valueDim: Double = try row.value("value_dim")
    let windowed = try split.flatMap { split -> StoredShape.WindowedShape? in
      guard !split.full.isEmpty, split.modelLayers > 0, let longest = split.longest else { return nil }
      // Where no such layer was replayed, nothing says that the policy has a part in them.
      let own = isMixed ? try pair(row, layers: split.windowed, db) : (full.dense, full.dense)
      return StoredShape.WindowedShape(
        shape: own.0, dense: own.1, layers: split.modelLayers, isStated: split.isStated, tokens: longest)
    }
    return try StoredShape(
      configuration: ConfigurationID(rawValue: row.value("configuration")), label: row.value("label"),
      name: row.value("label"), policy: row.value("policy"), traceTitle: row.value("text_title"),
      modelName: row.value("model_name"),
      outputError: row.value("output_error"), recall: row.value("recall"), shape: full.shape,
      dense: full.dense, slidingWindow: split?.full.isEmpty == true ? split?.smallest : nil,
      windowed: windowed,
      geometry: PricedGeometry(
        layers: row.value("model_layers"), queryHeads: row.value("heads_of_model"),
        kvHeads: row.value("kv_heads"), headDim: headDim, valueDim: valueDim,
        elementBytes: full.dense.elementBytes, context: full.shape.visible))
  }

  /// What a configuration did, and dense attention beside it.
  ///
  /// - Parameter layers: the means are over these; nil for all that were replayed.
  private static func pair(_ row: Row, layers: Set<Int>?, _ db: Database) throws -> (
    shape: StepShape, dense: StepShape
  ) {
    let id: Int64 = try row.value("configuration")
    let scope: Int64 = try row.value("scope")
    let steps: Double = try row.value("step_count")
    let visible =
      try layers.map { try mean("visible", id, $0, db) } ?? row.value("visible") as Double? ?? 0
    let selected =
      try layers.map { try mean("selected", id, $0, db) } ?? row.value("selected") as Double? ?? 0
    let headDim: Double = try row.value("head_dim")
    let valueDim: Double = try row.value("value_dim")
    let groupSize = try (row.value("heads_of_model") as Double) / (row.value("kv_heads") as Double)
    let denseEntries = try entries(
      db, table: "dense_traffic", key: "scope", id, scope, layers: layers, steps: steps)
    let elementBytes = Double(denseEntries.first { $0.operation.stage == .attend }?.operation.bits ?? 16) / 8
    let denseResident = try resident(db, table: "dense_residency", key: "scope", scope, layers: layers)
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
    return (
      try make(
        PolicyKind(rawValue: row.value("kind")) ?? .selection,
        budget: (row.value("budget") as String?).flatMap { Budget($0) },
        prefetches: row.value("prefetches"), selected: selected,
        entries(db, table: "traffic", key: "configuration", id, id, layers: layers, steps: steps),
        resident(db, table: "residency", key: "configuration", id, layers: layers)),
      make(.bound, budget: nil, prefetches: false, selected: visible, denseEntries, denseResident)
    )
  }

  /// Of a count of tokens, over steps and the heads of some layers.
  private static func mean(_ metric: String, _ configuration: Int64, _ layers: Set<Int>, _ db: Database)
    throws
    -> Double
  {
    try Double.fetchOne(
      db,
      sql: """
        SELECT sum(\(metric)_mean * \(metric)_count) / sum(\(metric)_count) FROM head_summaries
        WHERE configuration = ? AND layer IN (SELECT value FROM json_each(?))
        """, arguments: [configuration, Report.list(layers.map(Int64.init).sorted())]) ?? 0
  }

  /// For a query that takes a list of layers as its last argument.
  private static func filter(_ layers: Set<Int>?) -> (sql: String, arguments: StatementArguments) {
    guard let layers else { return ("", []) }
    return ("AND layer IN (SELECT value FROM json_each(?))", [Report.list(layers.map(Int64.init).sorted())])
  }

  /// Bytes a step of one KV group: sums over layers, KV heads and steps, over how many there are of them.
  private static func entries(
    _ db: Database, table: String, key: String, _ configuration: Int64, _ id: Int64, layers: Set<Int>?,
    steps: Double
  ) throws -> [StepShape.Entry] {
    let filter = filter(layers)
    let groups =
      try Double.fetchOne(
        db,
        sql:
          "SELECT count(*) FROM (SELECT DISTINCT layer, kv_head FROM head_summaries WHERE configuration = ? \(filter.sql))",
        arguments: [configuration] + filter.arguments) ?? 1
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT stage, kernel, content, tier, pattern, piece_bytes, row_bytes, bits,
          sum(read_per_head_bytes) AS per_head, sum(read_group_union_bytes) AS group_union,
          sum(written_bytes) AS written
        FROM \(table) WHERE \(key) = ? \(filter.sql)
        GROUP BY stage, kernel, content, tier, pattern, piece_bytes, row_bytes, bits
        ORDER BY stage, kernel, content, tier, pattern, piece_bytes, row_bytes, bits
        """, arguments: [id] + filter.arguments)
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

  private static func resident(
    _ db: Database, table: String, key: String, _ id: Int64, layers: Set<Int>?
  ) throws -> (Double, Double) {
    let filter = filter(layers)
    let row = try Row.fetchOne(
      db,
      sql:
        "SELECT avg(resident_device_bytes) AS device, avg(resident_host_bytes) AS host FROM \(table) WHERE \(key) = ? \(filter.sql)",
      arguments: [id] + filter.arguments)
    guard let row else { return (0, 0) }
    return (try row.value("device") ?? 0, try row.value("host") ?? 0)
  }
}
