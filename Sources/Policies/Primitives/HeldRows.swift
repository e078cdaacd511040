import Attention
import Kernels

/// Keys and values as they lie in the cache, by which an evicting policy judges the tokens that it holds. Who scores
/// them says afterwards how many were read.
struct HeldRows {
  private let keys: KeyRows
  private let values: ValueRows?
  private let valueChannels: Int
  private let kernels: Kernels

  /// Of this file alone: to read keys.
  struct Leave { fileprivate init() {} }

  init(_ tables: GroupTables, _ group: GroupContext) {
    keys = tables.keys(for: .rows(Leave()))
    values = tables.values
    valueChannels = group.valueDim
    kernels = tables.kernels
  }

  var hasValues: Bool { values != nil }

  /// How unevenly each token's channels lie in the range that they have in a reference: the softmax, over the tokens,
  /// of the deviation over channels, of keys and of values.
  func lagScores(of tokens: [Int], by reference: [Int], valueWeight: Float) -> [Float] {
    let own = unevenness(tokens, reference, width: keys.width) { keys[$0] }
    guard let values else { return own }
    let others = unevenness(tokens, reference, width: valueChannels) { values[$0] }
    return zip(own, others).map { $0 + valueWeight * $1 }
  }

  private func unevenness(
    _ tokens: [Int], _ reference: [Int], width: Int, row: (Int) -> UnsafePointer<Float>
  ) -> [Float] {
    var low = Array(repeating: Float.infinity, count: width)
    var high = Array(repeating: -Float.infinity, count: width)
    for token in reference {
      let row = row(token)
      for c in 0..<width { (low[c], high[c]) = (min(low[c], row[c]), max(high[c], row[c])) }
    }
    var result = tokens.map { token -> Float in
      let row = row(token)
      let normalised = (0..<width).map { c -> Float in
        high[c] > low[c] ? (row[c] - low[c]) / (high[c] - low[c]) : 0
      }
      let mean = normalised.reduce(0) { $0 + Double($1) } / Double(width)
      let square = normalised.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
      return Float((square / Double(max(width - 1, 1))).squareRoot())
    }
    kernels.softmax(&result)
    return result
  }
}

extension QueryBlock {
  /// A pass over keys that are held, and over their values, shared by the group.
  func chargeHeld(keys count: Int, isWithValues: Bool) {
    if count == 0 { return }
    func charge(_ content: TrafficContent, _ rowBytes: Int) {
      self.charge(
        DecodeOperation(.score, .rows, content, rowBytes: rowBytes, bits: group.cacheBits),
        readPerHead: count * rowBytes, readGroupUnion: count * rowBytes)
    }
    charge(.keys, group.cachedKeyBytes)
    if isWithValues { charge(.values, group.cachedValueBytes) }
  }
}
