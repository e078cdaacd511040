/// What all values of a column are, NULLs aside.
public enum ColumnType: String, Sendable, Equatable, Encodable {
  case integer, real, text
}

extension Schema {
  /// Types of the views' columns. Tables are STRICT and declare theirs; SQLite has none for what a view computes.
  ///
  /// By what the values are for, not by what they happen to be: a budget is text, since it may be a count or a share.
  static let viewTypes: [String: [String: ColumnType]] = [
    "quality": types(
      integers: "configuration output_errors_undefined", reals: projectedColumns.joined(separator: " ")),
    "layer_quality": types(
      integers: "configuration layer",
      reals: """
        recall mass output_error weighted_output_error output_norm_sum projected_output_error projected_output_norm_sum
        """),
    "step_quality": types(
      integers: "configuration step position",
      reals: "recall mass output_error weighted_output_error projected_output_error"),
    "bytes": types(
      integers: """
        configuration per_head_bytes group_union_bytes dense_per_head_bytes dense_group_union_bytes
        resident_device_bytes resident_host_bytes dense_resident_bytes
        """, reals: "per_head_bytes_share group_union_bytes_share"),
    "work": types(
      integers: "configuration piece_bytes row_bytes bits",
      reals: "rows heads_per_row read_per_head_bytes read_group_union_bytes written_bytes",
      texts: "stage kernel content tier pattern"),
    "kernel_stages": types(
      integers: "configuration run samples min_ns max_ns",
      reals: "median_ns mean_moved_bytes bandwidth_bytes_per_s read_bandwidth_share", texts: "stage"),
    "kernel_speedups": types(
      integers: "configuration run pairs", reals: "dense_median_ns policy_median_ns kernel_speedup"),
    "modelled_speedups": types(
      integers: "configuration context_tokens batch extrapolated",
      reals: """
        policy_ns dense_ns modelled_speedup moved_bytes relative_error_p50 relative_error_p90 relative_error_mean
        """, texts: "hardware hardware_digest geometry reading"),
    "summary": types(
      integers: """
        configuration run scope step_count output_errors_undefined per_head_bytes group_union_bytes
        dense_per_head_bytes dense_group_union_bytes resident_device_bytes resident_host_bytes
        dense_resident_bytes timing_run timing_pairs
        """,
      reals: """
        \(freedColumns.joined(separator: " ")) per_head_bytes_share group_union_bytes_share dense_median_ns
        policy_median_ns kernel_speedup
        """,
      texts: """
        identity build positions trace_digest model_name text_title policy kind label parameters budget seed layers query_heads steps
        exact_results_digest
        """),
    "comparison": types(
      integers: "configuration_a configuration_b trace scope layer query_head kv_head step_count",
      reals: [
        "recall", "mass", "mass_ratio", "output_error", "selected", "group_union", "weighted_output_error",
      ].map {
        "\($0)_a \($0)_b \($0)_difference"
      }.joined(separator: " "), texts: "label_a label_b"),
    "live_summary": types(
      integers: liveSummaryTypes.integers, reals: liveSummaryTypes.reals, texts: liveSummaryTypes.texts),
    "hot_buffers": types(
      integers: "configuration buffer_tokens page_tokens misses_max link_bytes_per_step",
      reals: "hit_share misses misses_p95", texts: "label policy budget replacement start"),
    "pareto": types(
      integers: "configuration scope moved_bytes", reals: "output_error bytes_share",
      texts: "trace_digest reading policy label"),
  ]

  private static func types(integers: String, reals: String = "", texts: String = "") -> [String: ColumnType]
  {
    var result: [String: ColumnType] = [:]
    for (names, type) in [(integers, ColumnType.integer), (reals, .real), (texts, .text)] {
      for name in names.split(whereSeparator: \.isWhitespace) { result[String(name)] = type }
    }
    return result
  }
}
