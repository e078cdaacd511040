import GRDB
import Simulator
import Traces

extension ResultWriter {
  /// The key of the trace's row, which the first result of a trace writes.
  func traceRow() throws -> Int64 {
    let sql = "SELECT id FROM traces WHERE digest = ?"
    if let id = try Int64.fetchOne(db, sql: sql, arguments: [result.trace.digest]) { return id }
    let metadata = result.trace.metadata
    let columns: KeyValuePairs<String, (any DatabaseValueConvertible)?> = [
      "digest": result.trace.digest, "path": result.trace.path, "file_bytes": result.trace.fileSize,
      "model_name": metadata.model.name, "model_architecture": metadata.model.architecture,
      "model_weights": metadata.model.weights, "model_sha256": metadata.model.sha256,
      "model_layers": metadata.geometry.layers, "query_heads": metadata.geometry.queryHeads,
      "kv_heads": metadata.geometry.kvHeads, "head_dim": metadata.geometry.headDim,
      "value_dim": metadata.geometry.valueDim,
      "captured_layers": CanonicalText.ranges(metadata.capturedLayers),
      "rope_pairing": metadata.rope.pairing.rawValue, "rope_base": metadata.rope.base,
      "rotary_dim": metadata.rope.rotaryDim, "sliding_window": metadata.attention.slidingWindow,
      "prompt_tokens": metadata.tokens.prompt, "decode_tokens": metadata.tokens.decode,
      "text_title": metadata.text.title, "text_licence": metadata.text.licence,
      "text_kind": metadata.text.kind,
      "text_sha256": metadata.text.sha256, "capture_tool": metadata.capture.tool,
      "capture_engine": metadata.capture.engine, "capture_sampling": metadata.capture.sampling.rawValue,
      "captured_at": metadata.capture.created, "metadata": try CanonicalText.json(metadata),
    ]
    let marks = columns.map { _ in "?" }.joined(separator: ", ")
    try db.execute(
      sql: "INSERT INTO traces (\(columns.map(\.key).joined(separator: ", "))) VALUES (\(marks))",
      arguments: StatementArguments(columns.map(\.value)))
    return db.lastInsertedRowID
  }

  /// The key of the scope's row, which the first result of a scope writes with dense attention's bytes. A build that
  /// counts those otherwise than the one before gets a scope of its own, so that shares of them are its own.
  func scopeRow(trace: Int64, queryHeads: Set<Int>) throws -> Int64 {
    let layers = CanonicalText.ranges(result.layers)
    let heads = CanonicalText.ranges(queryHeads)
    let steps = CanonicalText.ranges(result.steps.map(\.index))
    let positions = CanonicalText.ranges(result.steps.map(\.position))
    let known = try Int64.fetchAll(
      db,
      sql: """
        SELECT id FROM scopes WHERE trace = ? AND layers = ? AND query_heads = ? AND steps = ? ORDER BY id
        """,
      arguments: [trace, layers, heads, steps])
    if let same = try known.last(where: { try traffic(of: .scope($0)) == lines(result.dense) }) {
      try db.execute(
        sql: "UPDATE scopes SET positions = ? WHERE id = ? AND positions IS NULL",
        arguments: [positions, same])
      return same
    }
    try db.execute(
      sql: """
        INSERT INTO scopes (trace, layers, query_heads, steps, positions, layer_count, query_head_count,
          step_count)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        trace, layers, heads, steps, positions, result.layers.count, queryHeads.count, result.steps.count,
      ])
    let scope = db.lastInsertedRowID
    try insertTraffic(result.dense, owner: .scope(scope))
    try insertScopeTotals(scope)
    return scope
  }
}
