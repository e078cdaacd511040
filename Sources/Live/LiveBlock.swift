import Kernels
import Policies
import Simulator

/// One step of one KV head of a row, with full attention over what the row's cache holds.
struct LiveBlock {
  let exact: ExactAttention
  let oracle: OracleMeasures
  /// Attention over what the row's cache gives back; exact attention where it stores keys and values as they come.
  let stored: ExactAttention

  /// What the row's policy chooses by.
  func chosenFrom(_ policy: PolicyConfiguration) -> ScoredBlock {
    policy.choosesByExactKeys ? exact.block : stored.block
  }
}

/// What an engine gives for one row and layer of a step.
struct LiveInput {
  /// `[query heads][headDim]`
  let queries: UnsafePointer<Float>
  /// `[KV heads][headDim]`
  let keys: UnsafePointer<Float>
  /// `[KV heads][valueDim]`
  let values: UnsafePointer<Float>
}

extension LiveLayer {
  /// A step of some rows after their new tokens have joined their caches.
  ///
  /// All rows of a KV head go over the prompt together, since reading it is most of what full attention takes.
  ///
  /// - Parameter caches: of each row.
  /// - Returns: of each row, by KV head.
  /// - Throws: `ReplayError` where attention overflows.
  func blocks(_ inputs: [LiveInput], caches: [LiveRowCaches], at step: Step, worker: LiveWorker) throws
    -> [[LiveBlock]]
  {
    var rows = Array(repeating: [LiveBlock](), count: inputs.count)
    for (place, group) in groups.enumerated() {
      let own = caches.map { $0.exact[place] }
      let scored = zip(inputs, own).map { input, cache in
        let queries = FloatBuffer(count: group.groupSize * group.headDim)
        queries.pointer.update(
          from: input.queries + group.queryHeads.lowerBound * group.headDim, count: queries.count)
        return block(group, cache, input, queries, step, worker)
      }
      let exact = try ExactAttention.together(scored, values: own.map(\.values), sharing: group.promptTokens)
      let stored = stored(exact, inputs, caches, place: place, at: step, worker: worker)
      for row in rows.indices {
        rows[row].append(
          LiveBlock(exact: exact[row], oracle: OracleMeasures(exact[row]), stored: stored[row]))
      }
    }
    return rows
  }

  /// The same over what the rows' caches give back.
  private func stored(
    _ exact: [ExactAttention], _ inputs: [LiveInput], _ caches: [LiveRowCaches], place: Int, at step: Step,
    worker: LiveWorker
  ) -> [ExactAttention] {
    var attention = exact
    let rows = Dictionary(grouping: caches.indices) { caches[$0].stored?.format }
    for case (let format?, let rows) in rows {
      let group = groups[place].stored(as: format)
      let own = rows.compactMap { caches[$0].stored?.caches[place] }
      let scored = zip(rows, own).map { row, cache in
        block(group, cache, inputs[row], exact[row].block.queries, step, worker)
      }
      _ = ScoredBlock.scoreTogether(scored, sharing: group.promptTokens)
      for (index, row) in rows.enumerated() {
        attention[row] = ExactAttention(scored[index], values: own[index].values, against: exact[row])
      }
    }
    return attention
  }

  /// A row's new token joins a cache, and its queries are to be scored by that.
  private func block(
    _ group: GroupContext, _ cache: LiveCache, _ input: LiveInput, _ queries: FloatBuffer, _ step: Step,
    _ worker: LiveWorker
  ) -> ScoredBlock {
    cache.append(
      key: input.keys + group.kvHead * group.headDim, value: input.values + group.kvHead * group.valueDim)
    return ScoredBlock(
      group: group, steps: [step], kernels: worker.kernels, keys: cache.keys, queries: queries,
      tables: cache.tables, pool: worker.pool, scratch: worker.scratch)
  }
}
