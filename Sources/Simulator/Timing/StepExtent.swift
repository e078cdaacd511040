import Attention

/// What one operation does in the mean step of one KV group: where a policy works in some steps only, the mean of all is
/// what is timed.
struct StepExtent: Equatable {
  let operation: DecodeOperation
  /// Rows that are read, those that several heads share once.
  let rows: Int
  /// Rows that all query heads read together.
  let rowsOfAllHeads: Int
  let writtenBytes: Int
  /// Read by the group's heads together, and written.
  let bytes: Int

  init(_ operation: DecodeOperation, _ sum: TrafficBytes, steps: Int) {
    func mean(_ bytes: Int) -> Int {
      bytes == 0 ? 0 : max(1, Int((Double(bytes) / Double(max(steps, 1))).rounded()))
    }
    func rows(_ bytes: Int) -> Int {
      bytes == 0
        ? 0 : max(1, Int((Double(bytes) / Double(max(steps, 1) * max(operation.rowBytes, 1))).rounded()))
    }
    self.operation = operation
    self.rows = rows(sum.readGroupUnion)
    rowsOfAllHeads = rows(sum.readPerHead)
    writtenBytes = mean(sum.written)
    bytes = mean(sum.readGroupUnion) + mean(sum.written)
  }

  /// Query heads that share each row, of `heads`.
  func sharing(of heads: Int) -> Int {
    rows == 0 ? 1 : min(heads, max(1, (rowsOfAllHeads + rows / 2) / rows))
  }
}

extension Work {
  /// The operations of the mean step, but for the new token's key and value, which every cache takes alike.
  func meanStep(of steps: Int) -> [StepExtent] {
    sorted.filter { entry in
      entry.operation.kernel != .append || ![.keys, .values].contains(entry.operation.kind.content)
    }.map { StepExtent($0.operation, $0.bytes, steps: steps) }
  }
}
