/// Mean and covariance of a prompt's keys.
struct KeyMoments {
  let mean: [Double]
  /// `[channel][channel]`
  let covariance: [[Double]]

  /// Of this file alone: to read keys.
  struct Leave { fileprivate init() {} }

  /// - Parameter count: of the first tokens, at least 1.
  init(_ tables: GroupTables, count: Int) {
    let d = tables.channels
    let keys = tables.keys(for: .moments(Leave()))
    var mean = Array(repeating: 0.0, count: d)
    for token in 0..<count { for c in 0..<d { mean[c] += Double(keys[token][c]) / Double(count) } }
    var matrix = Array(repeating: Array(repeating: 0.0, count: d), count: d)
    var off = mean
    for token in 0..<count {
      let key = keys[token]
      for c in 0..<d { off[c] = Double(key[c]) - mean[c] }
      for i in 0..<d {
        let factor = off[i] / Double(count)
        matrix[i].withUnsafeMutableBufferPointer { row in for j in row.indices { row[j] += factor * off[j] } }
      }
    }
    self.mean = mean
    covariance = matrix
  }
}
