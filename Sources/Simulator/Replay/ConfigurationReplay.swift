import Attention
import Policies

/// One configuration's way through the blocks of one KV group.
package struct ConfigurationReplay {
  private let configuration: ReplayConfiguration
  private let group: GroupContext
  private let isEvicting: Bool
  private let keepsChoices: Bool
  package private(set) var policy: any Policy
  private var overlap: OverlapCounter
  /// What the step before chose, for the Jaccard index.
  private var previous: StepChoice?
  package private(set) var outcome: GroupOutcome.Configuration
  /// Where the cache lies on the host behind a buffer.
  private var hot: HotBufferLedger?
  /// What outputs differ by from full attention's; nil where nobody asks.
  private(set) var differences: OutputVectors?

  package init(
    _ configuration: ReplayConfiguration, policy: any Policy, group: GroupContext, steps: [Step], tokens: Int,
    keepsDifferences: Bool = false, keepsChoices: Bool = false
  ) {
    self.configuration = configuration
    self.group = group.stored(as: configuration.policy.cacheFormat)
    isEvicting = policy.isEvicting
    self.policy = policy
    overlap = OverlapCounter(tokens: tokens)
    hot = configuration.policy.hotBuffer.map(HotBufferLedger.init)
    differences = keepsDifferences ? OutputVectors(group, steps: steps.count) : nil
    self.keepsChoices = keepsChoices
    outcome = GroupOutcome.Configuration(
      heads: group.queryHeads.map {
        HeadResult(layer: group.layer, queryHead: $0, kvHead: group.kvHead, stepCount: steps.count)
      },
      work: Work(), residentExtra: (0, 0), cacheTier: policy.cacheTier, deviceTokens: 0,
      deviceKeyBytes: policy.deviceKeyBytes, heldTokens: nil, lastChoice: nil,
      firstVisible: steps.last?.visible.lowerBound ?? 0,
      choosesPerGroup: policy.choosesPerGroup, isEvicting: policy.isEvicting)
  }

  /// The outcome once all steps are recorded.
  func finished() -> GroupOutcome.Configuration {
    guard let hot else { return outcome }
    var outcome = outcome
    let keyBytes = group.cachedKeyBytes - policy.deviceKeyBytes
    let (steps, work) = hot.settle(prompt: group.promptTokens, keyBytes: keyBytes, group: group)
    outcome.hotSteps = steps
    outcome.work.merge(work)
    if outcome.cacheTier == .host {
      outcome.residentExtra.device +=
        hot.residentTokens(of: outcome.visibleTokens) * (keyBytes + group.cachedValueBytes)
    }
    return outcome
  }

  mutating func replay(_ blocks: StoredBlocks, firstStep: Int, oracle: OracleMeasures) throws {
    let view = view(of: blocks.block(of: configuration.policy))
    record(
      try choose(view), view: view, firstStep: firstStep, exact: blocks.exact, oracle: oracle,
      stored: blocks.attention(of: configuration.policy))
  }

  /// Lets the policy choose for the steps of a block; nil stands for all visible tokens.
  package mutating func choose(_ view: QueryBlock) throws -> Selections? { try policy.select(view) }

  /// Lets the policy choose for steps that are not scored.
  ///
  /// - Parameter block: what it chooses from.
  mutating func warmUp(_ block: ScoredBlock) throws { _ = try policy.select(view(of: block)) }

  package mutating func observe(_ prompt: PromptView) throws { try policy.observe(prompt) }

  /// The block as the policy sees it.
  package func view(of block: ScoredBlock) -> QueryBlock {
    QueryBlock(
      block, budgets: policy.budgets(of: block.steps, asked: configuration.budget ?? .share(1)),
      guarded: configuration.policy.values.guarded)
  }

  /// What a choice is worth and what it cost; nil stands for all visible tokens.
  ///
  /// - Parameters:
  ///   - chooser: the policy that chose, where it is not this object's own: what it holds now.
  ///   - stored: attention over what the cache gives back; nil where that is what was traced.
  package mutating func record(
    _ choice: Selections?, by chooser: (any Policy)? = nil, view: QueryBlock, firstStep: Int,
    exact: ExactAttention, oracle: OracleMeasures, stored: ExactAttention? = nil
  ) {
    if let chooser { policy = chooser }
    let attention = StoredAttention(exact: exact, stored: stored ?? exact)
    let asked = view.budgets
    outcome.work.merge(view.work)
    if let last = view.steps.last {
      outcome.residentExtra = policy.residentExtraBytes(tokens: last.position + 1)
    }
    outcome.heldTokens = policy.heldTokens
    let unions = recordTraffic(choice, view: view)
    guard let choice else {
      for step in view.steps.indices {
        recordEverything(view, step: step, firstStep: firstStep, attention)
      }
      outcome.lastChoice = nil
      return
    }
    // A policy that sizes its own sets is compared with the oracle at the size it took.
    let budgets = (0..<view.rows).map { row in
      configuration.policy.descriptor.usesBudget ? asked[row % view.steps.count] : choice.count(row)
    }
    let best = oracle.measure(budgets: budgets)
    for step in view.steps.indices {
      if choice.wholeSteps.contains(step) {
        recordEverything(view, step: step, firstStep: firstStep, attention)
        continue
      }
      for head in 0..<group.groupSize {
        let row = view.row(head: head, step: step)
        record(row, of: choice, block: view, firstStep: firstStep, k: budgets[row], attention, best: best)
      }
      recordGroup(choice, union: unions[step], block: view, step: step, firstStep: firstStep)
    }
    keepLast(choice, view, union: unions.last ?? 0)
  }

  private mutating func record(
    _ row: Int, of choice: Selections, block: QueryBlock, firstStep: Int, k: Int,
    _ attention: StoredAttention,
    best: OracleMeasures.Measure
  ) {
    let step = firstStep + row % block.steps.count
    let head = row / block.steps.count
    let isOracles = choice[row] == best.chosen[row]
    func worth(_ difference: UnsafeMutablePointer<Float>?) -> (mass: Double, outputError: Double) {
      let correction = choice.corrections?[row]
      guard isOracles, correction == nil, attention.stored.isExact else {
        return choice.withTokens(row) {
          attention.measure(row, $0, correction: correction, difference: difference)
        }
      }
      if let difference { best.copyDifference(row, into: difference) }
      return (best.mass[row], best.outputError[row])
    }
    let (mass, outputError) = differences?.write(head: head, step: step, worth) ?? worth(nil)
    let common =
      isOracles
      ? choice.count(row)
      : choice.withTokens(row) { mine in best.chosen.withTokens(row) { overlap.common($0, mine) } }
    outcome.heads[head][.recall, step] = Double(common) / Double(k)
    outcome.heads[head][.precision, step] = Double(common) / Double(choice.count(row))
    outcome.heads[head][.mass, step] = mass
    outcome.heads[head][.oracleMass, step] = best.mass[row]
    outcome.heads[head][.massRatio, step] = mass / best.mass[row]
    outcome.heads[head][.outputError, step] = outputError
    outcome.heads[head][.oracleOutputError, step] = best.outputError[row]
    outcome.heads[head][.selected, step] = Double(choice.count(row))
    outcome.heads[head][.visible, step] = Double(block.visible(row).count)
    outcome.heads[head].outputNorms[step] = attention.exact.norms[row]
    if keepsChoices { outcome.heads[head].choices.append(Array(choice[row])) }
    outcome.heads[head].choiceHashes[step] = choice.withTokens(row) { TokenSetHash.hash($0) }
  }

  /// The union, and the overlap with the step before.
  private mutating func recordGroup(
    _ choice: Selections, union: Int, block: QueryBlock, step: Int, firstStep: Int
  ) {
    let rows = (0..<group.groupSize).map { block.row(head: $0, step: step) }
    let now = StepChoice.some(rows.map { Array(choice[$0]) })
    for head in rows.indices {
      outcome.heads[head][.groupUnion, firstStep + step] = Double(union)
      outcome.heads[head][.jaccardPrevious, firstStep + step] = jaccard(now, head: head)
    }
    previous = now
  }

  /// What the last step of a block chose, and how much of it an evicting policy then holds.
  ///
  /// - Parameter union: tokens that any head chose at that step.
  private mutating func keepLast(_ choice: Selections, _ block: QueryBlock, union: Int) {
    let step = block.steps.count - 1
    guard !choice.wholeSteps.contains(step) else {
      outcome.lastChoice = nil
      return
    }
    var last = Selections()
    for head in 0..<group.groupSize { last.appendRow(choice[block.row(head: head, step: step)]) }
    outcome.lastChoice = last
    if policy.isEvicting || policy.holdsChosenOnly { outcome.heldTokens = union }
  }

  /// All visible tokens: every metric is known without computing, but what the cache's own rounding costs.
  private mutating func recordEverything(
    _ block: QueryBlock, step: Int, firstStep: Int, _ attention: StoredAttention
  ) {
    let visible = block.steps[step].visible
    let place = firstStep + step
    let now = StepChoice.everything(visible)
    for head in outcome.heads.indices {
      for metric in [Metric.recall, .precision, .mass, .oracleMass, .massRatio] {
        outcome.heads[head][metric, place] = 1
      }
      for metric in [Metric.selected, .visible, .groupUnion] {
        outcome.heads[head][metric, place] = Double(visible.count)
      }
      let row = block.row(head: head, step: step)
      func error(_ difference: UnsafeMutablePointer<Float>?) -> Double {
        attention.stored.wholeError(row, difference: difference)
      }
      if keepsChoices { outcome.heads[head].choices.append(visible.map(Int32.init)) }
      // What is exact leaves the differences as they are: zeros, which need no room.
      outcome.heads[head][.outputError, place] =
        attention.stored.isExact ? 0 : differences?.write(head: head, step: place, error) ?? error(nil)
      outcome.heads[head][.oracleOutputError, place] = 0
      outcome.heads[head].outputNorms[place] = attention.exact.norms[row]
      outcome.heads[head][.jaccardPrevious, place] = jaccard(now, head: head)
    }
    previous = now
  }

  /// Of a head's set and the step before's; NaN where there is none.
  private mutating func jaccard(_ now: StepChoice, head: Int) -> Double {
    guard let previous else { return .nan }
    let common = now.common(with: previous, head: head, &overlap)
    let union = now.count(head) + previous.count(head) - common
    return union > 0 ? Double(common) / Double(union) : .nan
  }

  /// The bytes of attending and of new tokens, and what then lies on the device.
  ///
  /// - Returns: tokens of the group's union at each step.
  private mutating func recordTraffic(_ choice: Selections?, view: QueryBlock) -> [Int] {
    let traffic = AttentionTraffic(group: group)
    let place = hot == nil ? CachePlace(policy) : CachePlace(buffered: policy)
    return view.steps.enumerated().map { index, step in
      guard let choice, !choice.wholeSteps.contains(index) else {
        outcome.work.merge(traffic.dense([step]))
        outcome.cacheTier = .device
        hot?.pass(at: step)
        return step.visible.count
      }
      let k = view.budgets[index]
      let held = place.held(policy.deviceTokens(of: step, budget: k, guarded: view.guarded), of: step)
      let rows = (0..<group.groupSize).map { view.row(head: $0, step: index) }
      let perHead = rows.reduce((all: 0, held: 0)) { sum, row in
        (
          sum.all + choice.count(row),
          held.isEmpty ? 0 : sum.held + overlap.union(choice, rows: CollectionOfOne(row), within: held).held
        )
      }
      let union = overlap.union(choice, rows: rows, within: held)
      hot?.read(choice, rows: rows, held: held, at: step)
      // What is not there comes into the buffer first, and all is read from the device.
      let near = hot == nil ? (perHead.held, union.held) : (perHead.all, union.all)
      outcome.work.merge(traffic.append(place, holdsWindow: place.holdsWindow(held)))
      outcome.work.merge(
        traffic.attend(
          perHead: (perHead.all, near.0), union: (union.all, near.1), streams: isEvicting,
          readsKeys: policy.readsChosenKeys,
          pieceTokens: policy.pieceTokens(of: step, budget: k), place))
      outcome.cacheTier = place.tier
      outcome.visibleTokens = step.visible.count
      outcome.deviceTokens = held.reduce(0) { $0 + $1.count }
      return union.all
    }
  }
}
