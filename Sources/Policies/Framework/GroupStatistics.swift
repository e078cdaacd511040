/// What a calibration measures of one KV group beside contextual agreement.
public struct GroupStatistics {
  private let group: GroupContext
  private let tables: GroupTables
  private let rotation: Rotation

  /// Of this file alone: to read keys.
  struct Leave { fileprivate init() {} }

  public init(group: GroupContext, tables: GroupTables) {
    self.group = group
    self.tables = tables
    rotation = Rotation(group)
  }

  /// Principal axes of all keys about their mean.
  public func axes(rotated: Bool) -> AxisMatrix {
    let d = group.headDim
    let keys = tables.keys(for: .calibration(Leave()), turnedBackBy: rotated ? nil : rotation)
    let count = tables.tokens
    var mean = Array(repeating: 0.0, count: d)
    for token in 0..<count { for c in 0..<d { mean[c] += Double(keys[token][c]) / Double(count) } }
    var covariance = Array(repeating: Array(repeating: 0.0, count: d), count: d)
    var off = mean
    for token in 0..<count {
      for c in 0..<d { off[c] = Double(keys[token][c]) - mean[c] }
      for i in 0..<d {
        let factor = off[i]
        covariance[i].withUnsafeMutableBufferPointer { row in
          for j in row.indices { row[j] += factor * off[j] }
        }
      }
    }
    for i in 0..<d { for j in 0..<d { covariance[i][j] /= Double(max(count, 1)) } }
    return AxisMatrix(covariance: covariance)
  }

  /// Mean over each query's visible tokens of |q_c · k_c|, summed over the block's queries, by channel.
  public func channelWeights(_ block: ScoredBlock) -> [Double] {
    let d = group.headDim
    let keys = tables.keys(for: .calibration(Leave()))
    var result = Array(repeating: 0.0, count: d)
    for (index, step) in block.steps.enumerated() {
      var sizes = Array(repeating: 0.0, count: d)
      for token in step.visible { for c in 0..<d { sizes[c] += Double(abs(keys[token][c])) } }
      for head in 0..<group.groupSize {
        let query = block.query(block.row(head: head, step: index))
        for c in 0..<d { result[c] += Double(abs(query[c])) * sizes[c] / Double(step.visible.count) }
      }
    }
    return result
  }

  /// |q_c · k_c| of each query of a head with the key of its own token, summed over the block's steps, by channel.
  public func ownChannelWeights(_ block: ScoredBlock, head: Int) -> [Double] {
    let d = group.headDim
    var result = Array(repeating: 0.0, count: d)
    for (index, step) in block.steps.enumerated() {
      let query = block.query(block.row(head: head, step: index))
      let key = tables.keys(for: .calibration(Leave()))[step.position]
      for c in 0..<d { result[c] += Double(abs(query[c] * key[c])) }
    }
    return result
  }

  /// A head's queries turned back to position 0.
  public func unrotatedQueries(_ block: ScoredBlock, head: Int) -> [[Double]] {
    block.unrotatedQueries(head: head, rotation)
  }

  /// The mean of some unrotated queries, and the mean length of each chunk's part of them.
  public func centre(_ queries: [[Double]]) -> (mean: [Double], norms: [Double]) {
    let norms = rotation.frequencies.indices.map { chunk -> Double in
      let (i, j) = rotation.channels(chunk)
      return queries.reduce(0) { $0 + ($1[i] * $1[i] + $1[j] * $1[j]).squareRoot() } / Double(queries.count)
    }
    return (meanVector(queries), norms)
  }

  /// Attention mass outside the first and the last tokens, summed over the block's queries and heads.
  public func farMass(_ block: ScoredBlock, sinks: Int, recent: Int) -> Double {
    let weights = block.attentionWeights()
    return (0..<block.rows).reduce(0.0) { sum, row in
      let visible = block.visible(row)
      let all = weights.scores(row, visible).reduce(0.0) { $0 + Double($1) }
      let far = Guard(sinks: sinks, recent: recent).split(visible, budget: visible.count).middle
      return sum + weights.scores(row, far).reduce(0.0) { $0 + Double($1) } / all
    }
  }
}
