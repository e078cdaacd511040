extension Schema {
  /// A line per priced point: the policy's step, its stages together, beside dense attention's.
  static let modelledView = """
    CREATE VIEW modelled_speedups AS
    SELECT configuration, hardware, hardware_digest, geometry, context_tokens, batch, reading,
      sum(CASE WHEN stage <> 'dense' THEN duration_ns END) AS policy_ns,
      sum(CASE WHEN stage = 'dense' THEN duration_ns END) AS dense_ns,
      sum(CASE WHEN stage = 'dense' THEN duration_ns END) / sum(CASE WHEN stage <> 'dense' THEN duration_ns END)
        AS modelled_speedup,
      sum(CASE WHEN stage <> 'dense' THEN moved_bytes END) AS moved_bytes,
      max(relative_error_p50) AS relative_error_p50, max(relative_error_p90) AS relative_error_p90,
      max(relative_error_mean) AS relative_error_mean, max(extrapolated) AS extrapolated
    FROM modelled
    GROUP BY configuration, hardware, hardware_digest, geometry, context_tokens, batch, reading;
    """
}
