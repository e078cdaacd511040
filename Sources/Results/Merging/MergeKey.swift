/// By what a row of a table with an `id` is known to be the same in another database.
struct MergeKey: Sendable {
  /// Columns that must be alike.
  let columns: [String]
  /// An expression of a row that must be alike, too, by the row's alias and its database's name.
  var expression: (@Sendable (_ row: String, _ database: String) -> String)?
  /// Columns that a database may have learnt later, alike where both know them: empty ones are filled.
  var filled: [String] = []

  static let all: [String: MergeKey] = [
    "traces": MergeKey(columns: ["digest"]),
    "profiles": MergeKey(columns: ["digest"]),
    "runs": MergeKey(
      columns: runColumns,
      // Of several that look alike the first is the first.
      expression: { row, database in
        let same = (runColumns + runEnds).map { "other.\($0) IS \(row).\($0)" }.joined(separator: " AND ")
        return "(SELECT count(*) FROM \(database).runs AS other WHERE \(same) AND other.id < \(row).id)"
      },
      filled: runEnds),
    "scopes": MergeKey(
      columns: ["trace", "layers", "query_heads", "steps"],
      // Builds that count dense attention's bytes otherwise have scopes of their own.
      expression: { row, database in
        """
        (SELECT group_concat(\(trafficColumns.joined(separator: " || ',' || ")), ';')
          FROM (SELECT * FROM \(database).dense_traffic WHERE scope = \(row).id ORDER BY \(trafficColumns.joined(separator: ", "))))
        """
      },
      filled: ["positions"]),
    "configurations": MergeKey(columns: ["identity", "build", "exact_results_digest"]),
    "live_runs": MergeKey(columns: ["identity"]),
    "live_rows": MergeKey(columns: ["live_run", "row"]),
  ]

  private static let runColumns = [
    "started_at", "command_line", "tool_version", "git_commit", "host", "host_cpu", "instruction_set",
    "threads", "kernel_threads",
  ]

  /// What the end of a run tells.
  private static let runEnds = ["ended_at", "exact_results_digest", "read_bandwidth_bytes_per_s"]

  private static let trafficColumns = [
    "layer", "kv_head", "stage", "kernel", "content", "tier", "pattern", "piece_bytes", "row_bytes", "bits",
    "read_per_head_bytes", "read_group_union_bytes", "written_bytes",
  ]

  /// The condition that `known` of the merged database is `source` of the other.
  func condition(_ table: MergedTable) -> String {
    let alike =
      columns.map { "known.\($0) IS \(table.value($0))" }
      + filled.map { "coalesce(known.\($0), source.\($0)) IS coalesce(source.\($0), known.\($0))" }
    let expressed = expression.map { "\($0("known", "main")) IS \($0("source", Merger.part))" }
    return (alike + [expressed].compactMap(\.self)).joined(separator: " AND ")
  }
}
