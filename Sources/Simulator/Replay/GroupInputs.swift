import Attention
import Kernels
import Policies
import Traces

/// A replay's inputs, group by group: what every way of walking a trace shares.
struct GroupInputs: Sendable {
  let groups: TraceGroups
  let rows: [Int]
  /// How many of the rows, the first ones, are walked and not scored.
  var warmUp = 0
  let seed: UInt64
  let agreement: ContextualAgreement?
  let statistics: HeadStatistics?
  var external: [String: ExternalChoices] = [:]
  /// What policies ask for beside queries, keys and values.
  var needs: Set<PolicyDescriptor.Need> = []
  /// How caches are stored, beside as the trace holds them.
  var formats: [CacheFormat] = []
  /// Whether all query heads of a layer are scored, so that there is an error of its whole output.
  var scoresWholeLayers = false
  var keepsChoices = false

  func replay(_ tensors: LayerTensors, kvHead: Int, worker: ReplayWorker) -> GroupReplay {
    let group = groups.context(
      layer: tensors.layer, kvHead: kvHead, element: tensors.k.elementType, seed: seed, agreement: agreement,
      statistics: statistics, external: external,
      given: TraceScores(trace: groups.trace, needs: needs).given(
        tensors, kvHead: kvHead, kernels: worker.kernels))
    let keys = groups.keys(tensors, kvHead: kvHead, worker: worker)
    let values = groups.values(tensors, kvHead: kvHead, worker: worker)
    let tables = GroupTables(kernels: worker.kernels, keys: keys, values: values)
    return GroupReplay(
      group: group, keys: keys, values: values,
      queries: groups.queries(tensors, kvHead: kvHead, rows: rows, kernels: worker.kernels),
      steps: groups.steps(rows: rows, layer: tensors.layer), warmUp: warmUp,
      prompt: groups.prompt(tensors, group: group, keys: keys, tables: tables, worker: worker),
      stored: formats.map { groups.stored(tensors, group: group, as: $0, worker: worker) },
      worker: worker,
      keepsOutputs: scoresWholeLayers && tensors.outputProjection != nil, keepsChoices: keepsChoices)
  }
}
