/// Attention to pages of tokens that Quest chooses by their digests, beside dense attention to the same cache.
package struct PageCall: Sendable, Equatable {
  /// Of the whole cache.
  package var dense: DenseCall
  /// Share of the tokens that are attended to.
  package var budget: Double
  /// Tokens of a page. A digest holds the least and the largest of each channel of its keys.
  private static let page = 16.0

  package init(dense: DenseCall, budget: Double) {
    self.dense = dense
    self.budget = budget
  }

  /// Of one sequence: a digest is as long as a key and a value; pages of keys and of values lie apart.
  package var load: StepLoad {
    let cache = dense.cacheBytes / dense.batch
    let digests = dense.queryHeads * dense.context / Self.page
    var load = StepLoad()
    load.cache = dense.rows
    load.chooses = true
    load.isRepeated = true
    load.rows = dense.queryHeads
    load.candidates = digests
    load.score = [Access(bytes: cache / Self.page)]
    load.scoreOperations = 4 * digests * dense.headDim
    load.attend = [
      Access(bytes: cache * budget, pieceBytes: Self.page * dense.headDim * dense.elementBytes)
    ]
    load.attendOperations = 4 * dense.queryHeads * dense.context * budget * dense.headDim
    return load
  }

  /// Time of dense attention over that of attention to the chosen pages.
  package func speedUp(_ model: CostModel) -> Double {
    let chosen = model.time(load, batch: dense.batch).nanoseconds / 1000
    return dense.microseconds(model) / chosen
  }
}
