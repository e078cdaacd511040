/// How a query head's attention spreads over tokens and shifts between the queries of an observation window.
struct WindowSpread {
  /// Over the queries, of each token.
  let means: [Double]
  /// The unbiased variance over the queries, of each token.
  let variances: [Double]
  /// −Σ p ln(p + 1e-10) over queries and tokens.
  let dispersion: Double

  /// - Parameters:
  ///   - rows: attention of each query, by token.
  ///   - tokens: the first ones, which are looked at.
  init(_ rows: [[Float]], tokens: Int) {
    var (means, variances, dispersion) = ([Double](), [Double](), 0.0)
    for token in 0..<tokens {
      let mean = rows.reduce(0.0) { $0 + Double($1[token]) } / Double(max(1, rows.count))
      let squares = rows.reduce(0.0) { sum, row in
        let off = Double(row[token]) - mean
        return sum + off * off
      }
      means.append(mean)
      variances.append(squares / Double(max(1, rows.count - 1)))
      for row in rows {
        let share = Double(row[token])
        dispersion -= share * PortableMath.log(share + 1e-10)
      }
    }
    (self.means, self.variances, self.dispersion) = (means, variances, dispersion)
  }
}
