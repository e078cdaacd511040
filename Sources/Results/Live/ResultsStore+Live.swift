import Attention
import Foundation
import GRDB

extension ResultsStore {
  /// Stores a live model's run in one transaction; what is stored already is left as it is, but for new keys.
  ///
  /// - Throws: ``ResultsError``
  public func store(_ run: LiveRun, at moment: Date = Date()) throws {
    try write { db in
      let identity = run.identity
      let sql = "SELECT id FROM live_runs WHERE identity = ?"
      if let known = try Int64.fetchOne(db, sql: sql, arguments: [identity]) {
        let rows = try Int64.fetchAll(
          db, sql: "SELECT id FROM live_rows WHERE live_run = ? ORDER BY row", arguments: [known])
        for (id, row) in zip(rows, run.rows) { try insert(row.keys ?? [], of: id, db) }
        return
      }
      let text = run.text
      try insert(
        "live_runs",
        [
          "identity": identity, "task": run.task.rawValue, "stored_at": moment.formatted(.iso8601),
          "library": run.library, "engine": run.engine, "model_name": run.model.name,
          "model_architecture": run.model.architecture, "model_weights": run.model.weights,
          "model_sha256": run.model.sha256, "text_title": text?.title, "text_sha256": text?.sha256,
          "tokens_sha256": text?.tokensDigest, "prompt_tokens": run.settings.prompt,
          "step_count": run.task == .text ? run.settings.steps : nil, "sampling": run.settings.sampling,
          "settings": run.settingsText, "gates": run.gatesText, "noise_floor_kl": run.noiseFloor?.kl,
          "noise_floor_logits": run.noiseFloor?.logits, "gates_s": run.seconds?.gates,
          "prompt_s": run.seconds?.prompt, "steps_s": run.seconds?.steps,
        ], db)
      let id = db.lastInsertedRowID
      for (number, row) in run.rows.enumerated() {
        try insert(row, number: number, run: id, prompt: run.settings.prompt, db)
      }
    }
  }

  private func insert(_ row: LiveRun.Row, number: Int, run: Int64, prompt: Int, _ db: Database) throws {
    let attention = row.attention
    var columns: [String: (any DatabaseValueConvertible)?] = [
      "live_run": run, "row": number, "policy": row.policy, "label": row.label, "budget": row.budget,
      "calls": attention?.calls, "nll": row.means?.nll, "kl": row.means?.kl,
      "kl_low": row.means?.interval?.first, "kl_high": row.means?.interval?.last,
      "flipped": row.means?.flipped, "parted_at": row.partedAt, "read_bytes": attention?.readBytes,
      "choices_digest": attention?.choices,
    ]
    for metric in Schema.liveRowMetrics {
      columns[metric] = attention?.own[metric] ?? nil
      columns["open_loop_\(metric)"] = attention?.openLoop?[metric] ?? nil
    }
    try insert("live_rows", columns, db)
    let id = db.lastInsertedRowID
    for step in (row.nll ?? []).indices {
      var columns = parts(attention?.byStep, step)
      columns["live_row"] = id
      columns["step"] = step
      columns["position"] = prompt + step
      columns["nll"] = row.nll?[step]
      columns["kl"] = row.kl.flatMap { $0.indices.contains(step) ? $0[step] : nil }
      columns["flipped"] = row.flipped.flatMap { $0.indices.contains(step) ? $0[step] : nil }
      try insert("live_steps", columns, db)
    }
    for layer in (attention?.byLayer?.own["recall"] ?? []).indices {
      var columns = parts(attention?.byLayer, layer)
      columns["live_row"] = id
      columns["layer"] = layer
      try insert("live_layers", columns, db)
    }
    try insert(row.keys ?? [], of: id, db)
  }

  private func insert(_ keys: [LiveRun.Key], of row: Int64, _ db: Database) throws {
    for key in keys {
      try insert(
        "live_keys",
        [
          "live_row": row, "context_length": key.length, "depth": key.depth, "number": key.number,
          "seed": "\(key.seed)", "key": key.key, "context_tokens": key.contextTokens, "found": key.found,
          "nll": key.nll, "kl": key.kl,
        ], db)
    }
  }

  /// A step's or a layer's metrics, by their columns.
  private func parts(_ parts: LiveRun.Attention.Parts?, _ place: Int) -> [String: (
    any DatabaseValueConvertible
  )?] {
    var columns: [String: (any DatabaseValueConvertible)?] = [:]
    for metric in Schema.livePartMetrics {
      func value(_ all: [String: [Double?]]?) -> Double? {
        all?[metric].flatMap { $0.indices.contains(place) ? $0[place] : nil }
      }
      columns[metric] = value(parts?.own)
      columns["open_loop_\(metric)"] = value(parts?.openLoop)
    }
    return columns
  }

  /// Leaves a row alone that is there.
  private func insert(
    _ table: String, _ columns: [String: (any DatabaseValueConvertible)?], _ db: Database
  ) throws {
    let columns = columns.sorted { $0.key < $1.key }
    let marks = columns.map { _ in "?" }.joined(separator: ", ")
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO \(table) (\(columns.map { $0.key.sqlIdentifier }.joined(separator: ", "))) VALUES (\(marks))
        ON CONFLICT DO NOTHING
        """)
    try statement.execute(arguments: StatementArguments(columns.map(\.value)))
  }
}

extension LiveRun {
  /// What tells one run from another: all that decides its result, but for keys, which may be more the next time.
  var identity: String {
    SHA256Digest.hex(
      of: """
        fasa-sim live run 1
        task \(task.rawValue)
        engine \(engine)
        model \(model.sha256)
        tokens \(text?.tokensDigest ?? "none")
        library \(library)
        rows \(rows.map(\.label).joined(separator: "\n"))
        settings \(settingsText)

        """.utf8)
  }
}
