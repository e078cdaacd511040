/// A budget that holds all that a step sees is dense attention, whatever the policy: nothing needs choosing.
enum CoveredSteps {
  /// Of this file alone: to ask about steps whose reads are not charged.
  struct Leave { fileprivate init() {} }
}

extension QueryBlock {
  /// Whether a step's budget holds all that it sees.
  func isCovered(_ step: Int) -> Bool { budgets[step] >= steps[step].visible.count }

  /// Ranges of steps that are all covered or all not.
  fileprivate var runs: [Range<Int>] {
    var result: [Range<Int>] = []
    for step in steps.indices {
      if let last = result.last, isCovered(last.lowerBound) == isCovered(step) {
        result[result.count - 1] = last.lowerBound..<step + 1
      } else {
        result.append(step..<step + 1)
      }
    }
    return result
  }

  /// Charges what a view of covered steps wrote to keep the policy's own data up to date: reads were for choosing,
  /// and scores serve nothing else.
  fileprivate func absorbUpkeep(_ view: QueryBlock) {
    for (operation, bytes) in view.work.sorted where operation.stage == .upkeep {
      charge(operation, written: bytes.written)
    }
  }

  /// Lets a policy choose for the steps of some KV heads, run by run, and leaves covered steps whole.
  ///
  /// A policy is asked of covered steps too, since its state goes on.
  fileprivate static func byRuns(
    _ blocks: [QueryBlock], _ choose: ([QueryBlock]) throws -> [Selections?]
  ) rethrows -> [Selections?] {
    guard let first = blocks.first, first.steps.indices.contains(where: first.isCovered) else {
      return try choose(blocks)
    }
    // [run][KV head]
    let parts = try first.runs.map { run in
      let views = blocks.map { $0.view(run, for: CoveredSteps.Leave()) }
      let isCovered = first.isCovered(run.lowerBound)
      let chosen = try choose(views)
      for (block, view) in zip(blocks, views) { isCovered ? block.absorbUpkeep(view) : block.absorb(view) }
      return (run: run, chosen: isCovered ? blocks.map { _ in nil } : chosen)
    }
    return blocks.indices.map { place in
      blocks[place].joined(parts.map { ($0.run, $0.chosen[place]) })
    }
  }

  /// The choices of runs as one of the block; nil where all are of everything.
  private func joined(_ parts: [(run: Range<Int>, chosen: Selections?)]) -> Selections? {
    guard parts.contains(where: { $0.chosen != nil }) else { return nil }
    var result = Selections()
    var corrections: [OutputCorrection] = []
    for head in 0..<group.groupSize {
      for (run, chosen) in parts {
        for step in run {
          guard let chosen else {
            result.appendRow(steps[step].visible)
            corrections.append(OutputCorrection())
            continue
          }
          let row = head * run.count + step - run.lowerBound
          result.appendRow(chosen[row])
          corrections.append(chosen.corrections?[row] ?? OutputCorrection())
        }
      }
    }
    if parts.contains(where: { $0.chosen?.corrections != nil }) { result.corrections = corrections }
    result.wholeSteps = Set(parts.filter { $0.chosen == nil }.flatMap(\.run))
    return result
  }
}

extension Policy {
  /// The tokens of every query head and step of the block as attention takes them: `choose`, and all visible ones at
  /// steps whose budget holds them. Nil stands for all visible ones at every step.
  ///
  /// A policy that sizes its own sets has no budget that could cover anything, and what one that evicts has dropped
  /// does not come back.
  public mutating func select(_ block: QueryBlock) throws -> Selections? {
    guard Self.descriptor.usesBudget, !isEvicting else { return try choose(block) }
    return try QueryBlock.byRuns([block]) { [try choose($0[0])] }[0]
  }
}

extension LayerPolicy {
  /// The same of a layer's KV heads, whose blocks hold the same steps.
  public mutating func select(layer blocks: [QueryBlock]) throws -> [Selections?] {
    guard Self.descriptor.usesBudget, !isEvicting else { return try choose(layer: blocks) }
    return try QueryBlock.byRuns(blocks) { try choose(layer: $0) }
  }
}
