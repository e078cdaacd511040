import Synchronization

/// Brings together what the KV groups of a layer give its output projection: several threads replay them.
final class LayerGathering: Sendable {
  private let kvHeads: Int
  /// By layer, then KV head.
  private let waiting = Mutex<[Int: [Int: GroupVectors]]>([:])

  /// - Parameter kvHeads: of each layer.
  init(kvHeads: Int) { self.kvHeads = kvHeads }

  /// - Returns: the layer's groups in the order of their KV heads, for who brings the last of them; nil for the others.
  func add(_ vectors: GroupVectors, layer: Int, kvHead: Int) -> [GroupVectors]? {
    waiting.withLock { waiting in
      waiting[layer, default: [:]][kvHead] = vectors
      guard let groups = waiting[layer], groups.count == kvHeads else { return nil }
      waiting[layer] = nil
      return groups.sorted { $0.key < $1.key }.map(\.value)
    }
  }
}
