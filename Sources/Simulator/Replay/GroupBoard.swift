import Foundation
import Traces

/// What the threads of a ``GroupPipeline`` share: which layers are read, which groups are begun and done.
final class GroupBoard<Result: Sendable>: @unchecked Sendable {
  // Unchecked: everything that changes is used under the condition's lock only.
  enum Task {
    /// Read a layer, into the memory of one that is done.
    case read(layer: Int, reusing: LayerTensors?)
    /// Compute a group, counted layer by layer.
    case group(Int, LayerTensors)
  }

  private let changed = NSCondition()
  private let groupsPerLayer: Int
  private let layersInFlight: Int
  private var tensors: [LayerTensors?]
  private var groupsLeft: [Int]
  private var spare: [LayerTensors] = []
  private var found: [Result?]
  private var nextLayer = 0
  private var nextGroup = 0
  private var isReading = false
  private var held = 0
  private var done = 0
  private var failure: (any Error)?

  init(layers: Int, groupsPerLayer: Int, layersInFlight: Int) {
    self.groupsPerLayer = groupsPerLayer
    self.layersInFlight = layersInFlight
    tensors = Array(repeating: nil, count: layers)
    groupsLeft = Array(repeating: groupsPerLayer, count: layers)
    found = Array(repeating: nil, count: layers * groupsPerLayer)
  }

  /// The next task, waiting for a layer where need be; nil when nothing is left to begin.
  func take() -> Task? {
    changed.withLock {
      while failure == nil, nextGroup < found.count {
        if !isReading, nextLayer < tensors.count, held < layersInFlight {
          isReading = true
          held += 1
          nextLayer += 1
          return .read(layer: nextLayer - 1, reusing: spare.popLast())
        }
        if let loaded = tensors[nextGroup / groupsPerLayer] {
          nextGroup += 1
          return .group(nextGroup - 1, loaded)
        }
        changed.wait()
      }
      return nil
    }
  }

  func loaded(_ layer: Int, _ read: LayerTensors) {
    changed.withLock {
      tensors[layer] = read
      isReading = false
      changed.broadcast()
    }
  }

  /// - Returns: groups done so far.
  func finished(_ group: Int, _ result: Result) -> Int {
    changed.withLock {
      let layer = group / groupsPerLayer
      found[group] = result
      groupsLeft[layer] -= 1
      if groupsLeft[layer] == 0 {
        if let old = tensors[layer] { spare.append(old) }
        tensors[layer] = nil
        held -= 1
        changed.broadcast()
      }
      done += 1
      return done
    }
  }

  func fail(_ error: any Error) {
    changed.withLock {
      failure = failure ?? error
      changed.broadcast()
    }
  }

  func results() throws -> [Result] {
    try changed.withLock {
      if let failure { throw failure }
      return found.compactMap(\.self)
    }
  }
}
