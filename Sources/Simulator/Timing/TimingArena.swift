import Kernels
import Policies
import Traces

/// Enough caches of a trace, side by side, that going round them finds each one cold.
struct TimingArena {
  let groups: [ColdGroup]

  /// - Parameters:
  ///   - rows: the query rows that were scored; the last is the step that is timed.
  ///   - bytes: what the caches together must exceed.
  init(_ trace: Trace, layers: [Int], kvHeads: [Int], rows: [Int], kernels: Kernels, bytes: Int) throws {
    let view = TraceGroups(trace)
    guard let row = rows.last else {
      throw ReplayError(trace.path, expected: "a step to time", found: "none", advice: "score one at least")
    }
    var originals: [ColdGroup] = []
    var held = 0
    for layer in layers where held < bytes {
      let tensors = try trace.layer(layer, threads: 1)
      for kvHead in kvHeads where held < bytes {
        let step = view.steps(rows: [row], layer: layer)[0]
        let group = ColdGroup(
          context: view.context(
            layer: layer, kvHead: kvHead, element: tensors.k.elementType, seed: 0, agreement: nil),
          tensors: tensors, totalTokens: trace.metadata.tokens.total, visible: step.visible,
          queries: view.queries(tensors, kvHead: kvHead, rows: [row], kernels: kernels))
        originals.append(group)
        held += group.bytes
      }
    }
    var all = originals
    while held < bytes,
      let next = all.count < originals.count * 64 ? originals[all.count % originals.count] : nil
    {
      all.append(ColdGroup(copying: next))
      held += next.bytes
    }
    groups = all
  }
}
