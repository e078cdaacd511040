extension Schema {
  /// Metrics that could be infinite before an infinite one was undefined.
  private static let boundless = ["mass_ratio", "output_error", "oracle_output_error"]

  /// Turns the infinities of older versions into NULL: of a head's means all of them, since which of its steps they came
  /// from is not known there.
  static let finiteMetrics: String =
    boundless.map { metric in
      let statistics = ["mean", "p5", "p50", "p95"].map { "\(metric)_\($0)" }
      return """
        UPDATE steps SET \(metric) = NULL WHERE abs(\(metric)) = 9e999;
        UPDATE head_summaries SET \(metric)_count = 0, \(statistics.map { "\($0) = NULL" }.joined(separator: ", "))
        WHERE \(metric)_count > 0
          AND (\(statistics.map { "\($0) IS NULL OR abs(\($0)) = 9e999" }.joined(separator: " OR ")));
        """
    }.joined(separator: "\n")
}
