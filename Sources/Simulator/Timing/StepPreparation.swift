import Attention
import Kernels
import Policies

/// One operation of a policy's step, made ready on data that no cache holds.
struct TimedOperation {
  let stage: Stage
  /// Bytes read and written, rows that heads share once.
  let bytes: Int
  let run: () -> Void
}

/// Makes the operations of one configuration's mean step ready on one group's cold data.
struct StepPreparation {
  let group: ColdGroup
  let choice: GroupChoice
  let kernels: Kernels
  let scratch: StepScratch

  var heads: Int { group.context.groupSize }

  /// In the order of the stages: a policy writes, scores, selects, and attends.
  func operations() -> [TimedOperation] {
    let extents = choice.work.meanStep(of: choice.steps)
    scratch.makeRoom(for: extents, group)
    group.clearSides()
    let others = extents.filter { $0.operation.stage != .attend }.map(ready)
    let all = others + attending(extents.filter { $0.operation.stage == .attend })
    return Stage.allCases.flatMap { stage in all.filter { $0.stage == stage } }
  }

  private func ready(_ extent: StepExtent) -> TimedOperation {
    TimedOperation(stage: extent.operation.stage, bytes: extent.bytes, run: work(extent))
  }

  /// What an operation computes: nothing where another one's kernel does it on its way, as scores are written.
  private func work(_ extent: StepExtent) -> () -> Void {
    let operation = extent.operation
    if operation.kind.content == .scores, operation.stage == .score { return {} }
    switch operation.kernel {
    case .rows where operation.kind.content == .keys: return scoreKeys(extent)
    case .rows, .vectors, .matrix: return scoreVectors(extent)
    case .channels: return scoreChannels(extent)
    case .lowBit: return scoreLowBit(extent)
    case .codes: return scoreCodes(extent)
    case .buckets: return countMembers(extent)
    case .select: return select(extent)
    case .topP: return smallestSet(extent)
    case .list: return copy(extent)
    case .append: return append(extent)
    case .accumulate: return accumulate(extent)
    case .gather, .stream: return fetch(extent)
    }
  }
}
