import GRDB

extension Schema {
  /// Version 3: a configuration is marked with the build that computed it, and may be there once per build and outcome.
  ///
  /// SQLite changes no constraint in place, so that the table is made anew; views are made anew with it, since a table
  /// that a view reads cannot be renamed.
  static func markBuilds(_ db: Database) throws {
    try remake("'configurations', 'scopes'", replacing: ["summary": summaryWithBuilds], db) {
      try db.execute(sql: configurationsWithBuilds)
      try db.execute(sql: scopesWithPositions)
    }
  }

  /// Makes tables anew, by their names in quotes, and the views with them; a user's own views, indexes and triggers too.
  ///
  /// - Parameter changed: the views that are other ones from now on, by name.
  static func remake(
    _ tables: String, replacing changed: [String: String] = [:], _ db: Database, _ make: () throws -> Void
  ) throws {
    try removeOrphans(db)
    let views = try parts("type = 'view'", db)
    // Indexes and triggers go with their table or view, those of the user too.
    let lost = try parts(
      "type = 'trigger' OR type = 'index' AND tbl_name IN (\(tables)) AND sql IS NOT NULL", db)
    for view in views { try db.execute(sql: "DROP VIEW \(view.name.sqlIdentifier)") }
    try make()
    for view in views { try db.execute(sql: changed[view.name] ?? view.sql) }
    let kept = Set(try parts("sql IS NOT NULL", db).map(\.name))
    for part in lost where !kept.contains(part.name) { try db.execute(sql: part.sql) }
  }

  /// Of the database's own list of what it holds, in the order in which it was made.
  private static func parts(_ which: String, _ db: Database) throws -> [(name: String, sql: String)] {
    try Row.fetchAll(db, sql: "SELECT name, sql FROM sqlite_master WHERE \(which) ORDER BY rowid")
      .map { (name: try $0.value("name"), sql: try $0.value("sql")) }
  }

  /// As the first versions made them; a user's own tables are not touched.
  private static let referring = [
    "scopes", "configurations", "run_configurations", "steps", "head_summaries", "traffic", "dense_traffic",
    "residency",
    "dense_residency", "kernel_samples", "modelled", "contextual_agreement",
  ]

  /// What a `DELETE` leaves behind while foreign keys are not looked at, as in SQLite's own shell: it would have gone with what
  /// was deleted, and no migration passes as long as it is there.
  private static func removeOrphans(_ db: Database) throws {
    let references = try Row.fetchAll(
      db,
      sql: """
        SELECT t.name AS of, k.id, k."table" AS parent, group_concat('child."' || k."from" || '" = parent."' || k."to" || '"', ' AND ') AS same,
          group_concat('child."' || k."from" || '" IS NOT NULL', ' AND ') AS referring
        FROM pragma_table_list AS t, pragma_foreign_key_list(t.name) AS k
        WHERE t.schema = 'main' AND t.name IN (SELECT value FROM json_each(?)) GROUP BY t.name, k.id
        """, arguments: [try CanonicalText.json(referring)])
    var removed = 1
    while removed > 0 {
      removed = 0
      for reference in references {
        let (table, parent): (String, String) = (try reference.value("of"), try reference.value("parent"))
        try db.execute(
          sql: """
            DELETE FROM \(table.sqlIdentifier) AS child WHERE \(try reference.value("referring") as String)
              AND NOT EXISTS (SELECT 1 FROM \(parent.sqlIdentifier) AS parent WHERE \(try reference.value("same") as String))
            """)
        removed += db.changesCount
      }
    }
  }

  /// No longer unique by what is scored: where another build counts dense attention's bytes otherwise, its results are held
  /// against those, in a scope of their own.
  static let scopesWithPositions = """
    CREATE TABLE new_scopes (
      id INTEGER PRIMARY KEY,
      trace INTEGER NOT NULL REFERENCES traces (id) ON DELETE CASCADE,
      layers TEXT NOT NULL,
      query_heads TEXT NOT NULL,
      steps TEXT NOT NULL,
      positions TEXT,
      layer_count INTEGER NOT NULL CHECK (layer_count > 0),
      query_head_count INTEGER NOT NULL CHECK (query_head_count > 0),
      step_count INTEGER NOT NULL CHECK (step_count > 0),
      UNIQUE (id, trace)
    ) STRICT;
    INSERT INTO new_scopes (id, trace, layers, query_heads, steps, layer_count, query_head_count, step_count)
      SELECT id, trace, layers, query_heads, steps, layer_count, query_head_count, step_count FROM scopes;
    DROP TABLE scopes;
    ALTER TABLE new_scopes RENAME TO scopes;
    CREATE INDEX scopes_by_part ON scopes (trace, layers, query_heads, steps);
    """

  private static let columns = """
    id, identity, run, trace, scope, policy, kind, parameters, label, budget, calibration, profile_digest,
      calibration_texts, seed, exact_results_digest
    """

  static let configurationsWithBuilds = """
    CREATE TABLE new_configurations (
      id INTEGER PRIMARY KEY,
      identity TEXT NOT NULL CHECK (length(identity) = 64),
      build TEXT CHECK (length(build) = 64),
      run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
      trace INTEGER NOT NULL REFERENCES traces (id) ON DELETE CASCADE,
      scope INTEGER NOT NULL,
      policy TEXT NOT NULL,
      kind TEXT NOT NULL CHECK (kind IN ('selection', 'eviction', 'bound')),
      parameters TEXT NOT NULL CHECK (json_valid(parameters)),
      label TEXT NOT NULL,
      budget TEXT,
      calibration TEXT CHECK (calibration IN ('profile', 'own-queries')),
      profile_digest TEXT CHECK (length(profile_digest) = 64),
      calibration_texts TEXT CHECK (calibration_texts IS NULL OR json_valid(calibration_texts)),
      seed TEXT NOT NULL,
      exact_results_digest TEXT NOT NULL CHECK (length(exact_results_digest) = 64),
      UNIQUE (identity, build, exact_results_digest),
      FOREIGN KEY (scope, trace) REFERENCES scopes (id, trace) ON DELETE CASCADE,
      CHECK ((calibration IS 'profile') = (profile_digest IS NOT NULL)),
      CHECK ((calibration IS NULL) = (calibration_texts IS NULL))
    ) STRICT;
    INSERT INTO new_configurations (\(columns)) SELECT \(columns) FROM configurations;
    DROP TABLE configurations;
    ALTER TABLE new_configurations RENAME TO configurations;
    CREATE INDEX configurations_by_scope ON configurations (scope, policy);
    CREATE INDEX configurations_by_run ON configurations (run);
    """

  /// As the one of version 1, with builds and positions.
  private static let summaryWithBuilds = """
    CREATE VIEW summary AS
    WITH timed AS (
      SELECT * FROM kernel_speedups AS speedup
      WHERE run = (SELECT max(run) FROM kernel_samples WHERE configuration = speedup.configuration))
    SELECT configurations.id AS configuration, configurations.identity, configurations.build,
      configurations.run,
      traces.digest AS trace_digest, traces.model_name, traces.text_title, configurations.policy,
      configurations.kind, configurations.label, configurations.parameters, configurations.budget,
      configurations.seed, configurations.scope, scopes.layers, scopes.query_heads, scopes.steps,
      scopes.positions,
      scopes.step_count, recall, lowest_head_recall, precision, mass, oracle_mass, mass_ratio, output_error,
      highest_head_output_error, oracle_output_error, selected, visible, group_union, jaccard_previous,
      selected_share, tokens_read_share, per_head_bytes, group_union_bytes, dense_per_head_bytes,
      dense_group_union_bytes, per_head_bytes_share, group_union_bytes_share, resident_device_bytes,
      resident_host_bytes, dense_resident_bytes, timed.run AS timing_run, timed.pairs AS timing_pairs,
      dense_median_ns, policy_median_ns, kernel_speedup, configurations.exact_results_digest
    FROM configurations
    JOIN traces ON traces.id = configurations.trace
    JOIN scopes ON scopes.id = configurations.scope
    LEFT JOIN quality ON quality.configuration = configurations.id
    LEFT JOIN bytes ON bytes.configuration = configurations.id
    LEFT JOIN timed ON timed.configuration = configurations.id;
    """
}
