import Kernels

/// What is computed once for a KV group and shared by all blocks and configurations that ask: the tables that policies
/// derive from its keys.
///
/// A table may cover every token of the trace; a policy's primitives read of it only what a step sees. Keys themselves
/// are for the makers of tables (``KeyReader``). Not for sharing between threads.
public final class GroupTables {
  public let kernels: Kernels
  private let keys: KeyPanels
  private let tiles: ValueTiles?
  private var known: [String: Any] = [:]

  /// - Parameter values: nil where only keys are looked at, as in a calibration.
  public init(kernels: Kernels, keys: KeyPanels, values: ValueTiles? = nil) {
    self.kernels = kernels
    self.keys = keys
    tiles = values
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
  ///
  /// - Parameter rotation: turns them back to position 0, where given.
  func keys(for _: KeyReader, turnedBackBy rotation: Rotation? = nil) -> KeyRows {
    KeyRows(rotation.map(unrotatedRows) ?? keyRows, width: channels)
  }

  /// What policies may know of the values; nil where the group has none.
  var values: ValueRows? {
    tiles.map { tiles in cached("value rows") { ValueRows(tiles, kernels: kernels) } }
  }

  /// Packs rows `[count][width]` for scoring.
  func pack(_ rows: FloatBuffer, count: Int, width: Int) -> KeyPanels {
    kernels.packKeys(
      UnsafeRawBufferPointer(start: rows.pointer, count: count * width * 4), element: .f32, tokens: count,
      channels: width)
  }

  private var keyRows: FloatBuffer {
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

  private func unrotatedRows(_ rotation: Rotation) -> FloatBuffer {
    cached("unrotated keys") {
      let rows = FloatBuffer(count: tokens * channels)
      rows.pointer.update(from: keyRows.pointer, count: tokens * channels)
      for token in 0..<tokens { rotation.turn(rows.pointer + token * channels, by: -token) }
      return rows
    }
  }
}
