import Synchronization
import Traces

/// Loads each layer when the first of its groups asks and lets it go when the last is done, so that
/// memory is bounded by the layers in flight.
final class LayerStore: Sendable {
  private struct State {
    var tensors: LayerTensors?
    var groupsLeft: Int
  }

  /// A lock of its own for each layer: one is read while another is replayed.
  private final class Slot: Sendable {
    let state: Mutex<State>
    init(groups: Int) { state = Mutex(State(tensors: nil, groupsLeft: groups)) }
  }

  private let trace: Trace
  /// Layers that are done, whose memory the next ones take.
  private let spare = Mutex<[LayerTensors]>([])
  private let threads: Int
  private let slots: [Int: Slot]

  init(_ trace: Trace, layers: [Int], groupsPerLayer: Int, threads: Int) {
    self.trace = trace
    self.threads = threads
    slots = Dictionary(layers.map { ($0, Slot(groups: groupsPerLayer)) }) { first, _ in first }
  }

  func withLayer<R>(_ layer: Int, _ body: (LayerTensors) throws -> R) throws -> R {
    guard let slot = slots[layer] else { return try body(trace.layer(layer, threads: threads)) }
    let tensors = try slot.state.withLock { state in
      if let loaded = state.tensors { return loaded }
      let loaded = try trace.layer(layer, threads: threads, reusing: spare.withLock { $0.popLast() })
      state.tensors = loaded
      return loaded
    }
    defer {
      slot.state.withLock { state in
        state.groupsLeft -= 1
        guard state.groupsLeft <= 0, let done = state.tensors else { return }
        state.tensors = nil
        spare.withLock { $0.append(done) }
      }
    }
    return try body(tensors)
  }
}
