import Results

/// Says where a mean output error leaves steps out.
enum UndefinedNote {
  static func notes(_ rows: [SummaryRow]) -> [String] {
    let concerned = rows.filter { ($0.outputErrorsUndefined ?? 0) > 0 }
    guard !concerned.isEmpty else { return [] }
    let parts = concerned.prefix(shown).map { "\($0.outputErrorsUndefined ?? 0) of \($0.label)" }
    let rest = concerned.count - parts.count
    return [
      "output error: undefined, and left out of the means, at steps of heads where full attention's output is zero or a policy's own sums overflow: \(parts.joined(separator: ", "))"
        + (rest > 0 ? " and in \(rest) more" : "")
    ]
  }

  private static let shown = 5
}
