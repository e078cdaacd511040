import Kernels

/// What is computed once for a KV group and shared by all blocks and configurations that ask: the keys' rows and
/// the tables that policies derive from them.
///
/// A table may cover every token of the trace; a policy's primitives read of it only what a step sees. Not for
/// sharing between threads.
public final class GroupTables {
  public let kernels: Kernels
  public let keys: KeyPanels
  /// Nil where only keys are looked at, as in a calibration.
  public let values: ValueTiles?
  private var known: [String: Any] = [:]

  public init(kernels: Kernels, keys: KeyPanels, values: ValueTiles? = nil) {
    self.kernels = kernels
    self.keys = keys
    self.values = values
  }

  /// The value made under `name`, which must say everything that it was made from.
  func cached<Value>(_ name: String, _ make: () -> Value) -> Value {
    if let found = known[name] as? Value { return found }
    let made = make()
    known[name] = made
    return made
  }

  public var tokens: Int { keys.tokens }
  public var channels: Int { keys.channels }

  /// The keys, `[tokens][channels]`.
  var keyRows: FloatBuffer {
    cached("key rows") {
      let rows = FloatBuffer(count: tokens * channels)
      let stride = KeyPanels.paddedTokens(tokens)
      let plane = FloatBuffer(count: max(stride, 1))
      let ones = FloatBuffer(count: channels)
      ones.pointer.update(repeating: 1, count: channels)
      // A score of one channel by a query of one is that channel, exactly.
      for channel in 0..<channels where tokens > 0 {
        kernels.score(
          queries: ones.pointer, rows: 1, keys: keys, channelList: [Int32(channel)], tokens: 0..<tokens,
          into: plane.pointer, stride: stride)
        for token in 0..<tokens { rows.pointer[token * channels + channel] = plane.pointer[token] }
      }
      return rows
    }
  }

  /// One token's key, `[channels]`.
  func key(_ token: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: keyRows.pointer + token * channels, count: channels)
  }

  /// The values, `[tokens][paddedChannels]`; nil where the group has none.
  var valueRows: (rows: FloatBuffer, width: Int)? {
    guard let values else { return nil }
    let width = values.paddedChannels
    let rows = cached("value rows") {
      let rows = FloatBuffer(count: max(values.tokens, 1) * width)
      for token in 0..<values.tokens {
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: 1) { list in
          list.initialize(repeating: Int32(token))
          var weight: Float = 1
          _ = kernels.gatherAttend(
            weights: &weight, tokens: UnsafeBufferPointer(list), values: values,
            into: rows.pointer + token * width)
        }
      }
      return rows
    }
    return (rows, width)
  }

  /// Packs rows `[count][width]` for scoring.
  func pack(_ rows: FloatBuffer, count: Int, width: Int) -> KeyPanels {
    kernels.packKeys(
      UnsafeRawBufferPointer(start: rows.pointer, count: count * width * 4), element: .f32, tokens: count,
      channels: width)
  }
}
