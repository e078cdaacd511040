import Kernels
import Policies

/// A KV head's keys and values in one layer, as far as they have come, with the tables that policies make of them.
struct LiveCache {
  let keys: KeyPanels
  let values: ValueTiles
  let tables: GroupTables
  /// How it stores them; nil for as they come.
  private let format: LiveFormat?

  /// Room for a prompt and the steps that may follow, from which rows go on.
  init(_ kernels: Kernels, tokens: Int, model: LiveModel, format: LiveFormat? = nil) {
    self.format = format
    keys = .room(tokens: tokens, channels: model.headDim)
    values = .room(tokens: tokens, channels: model.valueDim)
    tables = GroupTables(kernels: kernels, keys: keys, values: values, present: 0)
  }

  private init(goingOnFrom prompt: LiveCache) {
    format = prompt.format
    keys = prompt.keys.forked()
    values = prompt.values.forked()
    tables = GroupTables(goingOnFrom: prompt.tables, keys: keys, values: values)
  }

  /// A cache that begins as this one is, which must not grow any more.
  func forked() -> LiveCache { LiveCache(goingOnFrom: self) }

  /// - Parameters:
  ///   - key: `[headDim]`
  ///   - value: `[valueDim]`
  func append(key: UnsafePointer<Float>, value: UnsafePointer<Float>) {
    let token = tables.present
    store(key, keys.channels, format?.round(key:channels:)) { keys.write($0, at: token) }
    store(value, values.channels, format?.round(value:channels:)) { values.write($0, at: token) }
    tables.extend(to: token + 1)
  }

  private func store(
    _ vector: UnsafePointer<Float>, _ channels: Int,
    _ round: ((UnsafeMutablePointer<Float>, Int) -> Void)?, _ write: (UnsafePointer<Float>) -> Void
  ) {
    guard let round else { return write(vector) }
    withUnsafeTemporaryAllocation(of: Float.self, capacity: channels) { copy in
      guard let copy = copy.baseAddress else { return }
      copy.initialize(from: vector, count: channels)
      round(copy, channels)
      write(copy)
    }
  }
}
