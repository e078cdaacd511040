/// The token sets that a policy chose for a block: one per query head and step.
///
/// Row r is query head `r / steps`, step `r % steps` of the block.
public struct Selections: Sendable {
  /// Row r owns `tokens[offsets[r] ..< offsets[r + 1]]`, ascending and distinct.
  public private(set) var offsets: [Int] = [0]
  public private(set) var tokens: [Int32] = []
  /// What a policy that corrects its output adds, one per row; nil for plain attention over the tokens.
  public var corrections: [OutputCorrection]?
  /// Steps of the block at which every row is all that it sees because the budget holds it: dense attention.
  public var wholeSteps: Set<Int> = []

  public init() {}

  public var rows: Int { offsets.count - 1 }

  public func count(_ row: Int) -> Int { offsets[row + 1] - offsets[row] }

  public subscript(row: Int) -> ArraySlice<Int32> { tokens[offsets[row]..<offsets[row + 1]] }

  /// Appends a row of exactly `count` tokens, written by `fill`.
  public mutating func appendRow(count: Int, _ fill: (UnsafeMutablePointer<Int32>) -> Void) {
    let start = tokens.count
    tokens.append(contentsOf: repeatElement(0, count: count))
    tokens.withUnsafeMutableBufferPointer { buffer in
      if count > 0, let base = buffer.baseAddress { fill(base + start) }
    }
    offsets.append(tokens.count)
  }

  /// Appends ranges that follow each other without overlap as one row.
  public mutating func appendRow(_ ranges: Range<Int>...) {
    for range in ranges { tokens.append(contentsOf: range.lazy.map(Int32.init)) }
    offsets.append(tokens.count)
  }

  /// Appends an ascending list as one row.
  public mutating func appendRow(_ list: some Sequence<Int32>) {
    tokens.append(contentsOf: list)
    offsets.append(tokens.count)
  }

  public func withTokens<R>(_ row: Int, _ body: (UnsafeBufferPointer<Int32>) throws -> R) rethrows -> R {
    try tokens.withUnsafeBufferPointer {
      try body(UnsafeBufferPointer(rebasing: $0[offsets[row]..<offsets[row + 1]]))
    }
  }
}
