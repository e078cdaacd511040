import Kernels

/// The queries of consecutive steps of one KV group: a row for each query head and step.
///
/// Row r is query head `r / steps`, step `r % steps`.
public protocol QueryRows {
  var group: GroupContext { get }
  var steps: [Step] { get }
  var kernels: Kernels { get }
  /// `[group heads][steps][headDim]`
  var queries: FloatBuffer { get }
  /// Where matrices come from.
  var pool: BufferPool { get }
}

extension QueryRows {
  public var rows: Int { group.groupSize * steps.count }

  /// The query of a row, `[headDim]`.
  public func query(_ row: Int) -> UnsafePointer<Float> {
    UnsafePointer(queries.pointer + row * group.headDim)
  }

  public func row(head: Int, step: Int) -> Int { head * steps.count + step }

  /// The tokens that the query of a row sees.
  public func visible(_ row: Int) -> Range<Int> { steps[row % steps.count].visible }

  /// All tokens that any step of the block sees.
  public var span: Range<Int> {
    let start = steps.map(\.visible.lowerBound).min() ?? 0
    return start..<max(start, steps.map(\.visible.upperBound).max() ?? 0)
  }

  func makeMatrix() -> ScoreMatrix { ScoreMatrix(rows: rows, tokens: span.upperBound, pool: pool) }

  /// The queries of a step turned back to position 0, `[query head of the group · channel]`.
  func unrotatedQueries(step: Int, _ rotation: Rotation) -> [Float] {
    (0..<group.groupSize).flatMap { head in
      var query = Array(UnsafeBufferPointer(start: query(row(head: head, step: step)), count: group.headDim))
      query.withUnsafeMutableBufferPointer {
        if let start = $0.baseAddress { rotation.turn(start, by: -steps[step].position) }
      }
      return query
    }
  }

  /// The queries of a head of the group turned back to position 0, `[steps][headDim]`.
  func unrotatedQueries(head: Int, _ rotation: Rotation) -> [[Double]] {
    steps.indices.map { step in
      var vector = Array(UnsafeBufferPointer(start: query(row(head: head, step: step)), count: group.headDim))
      vector.withUnsafeMutableBufferPointer { buffer in
        if let start = buffer.baseAddress { rotation.turn(start, by: -steps[step].position) }
      }
      return vector.map(Double.init)
    }
  }
}
