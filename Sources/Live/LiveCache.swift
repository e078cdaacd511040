import Kernels
import Policies

/// A KV head's keys and values in one layer, as far as they have come, with the tables that policies make of them.
struct LiveCache {
  let keys: KeyPanels
  let values: ValueTiles
  let tables: GroupTables

  /// Room for a prompt and the steps that may follow, from which rows go on.
  init(_ kernels: Kernels, tokens: Int, model: LiveModel) {
    keys = .room(tokens: tokens, channels: model.headDim)
    values = .room(tokens: tokens, channels: model.valueDim)
    tables = GroupTables(kernels: kernels, keys: keys, values: values, present: 0)
  }

  private init(goingOnFrom prompt: LiveCache) {
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
    keys.write(key, at: token)
    values.write(value, at: token)
    tables.extend(to: token + 1)
  }
}
