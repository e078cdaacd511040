import Policies

/// One configuration's way through the blocks of one KV group.
struct ConfigurationReplay {
  private let configuration: ReplayConfiguration
  private let group: GroupContext
  private let isEvicting: Bool
  private var policy: any Policy
  private var overlap: OverlapCounter
  /// The rows of the step before, one per head, for the Jaccard index.
  private var previous: Selections?
  /// The same where all visible tokens are chosen.
  private var previousVisible: Range<Int>?
  private(set) var outcome: GroupOutcome.Configuration

  init(
    _ configuration: ReplayConfiguration, policy: any Policy, group: GroupContext, steps: [Step], tokens: Int
  ) {
    self.configuration = configuration
    self.group = group
    isEvicting = policy.isEvicting
    self.policy = policy
    overlap = OverlapCounter(tokens: tokens)
    outcome = GroupOutcome.Configuration(
      heads: group.queryHeads.map {
        HeadResult(layer: group.layer, queryHead: $0, kvHead: group.kvHead, stepCount: steps.count)
      },
      ledger: AttentionTraffic(group: group).append(steps: steps.count, tier: policy.cacheTier),
      residentExtra: (0, 0),
      cacheTier: policy.cacheTier, heldTokens: nil, lastChoice: nil,
      firstVisible: steps.last?.visible.lowerBound ?? 0, scorePass: policy.scorePass(),
      choosesPerGroup: policy.choosesPerGroup)
  }

  mutating func replay(
    _ block: ScoredBlock, firstStep: Int, exact: ExactAttention, oracle: OracleMeasures
  ) throws {
    let view = view(of: block)
    let choice = try policy.choose(view)
    record(choice, view: view, firstStep: firstStep, exact: exact, oracle: oracle)
  }

  /// Lets the policy choose for steps that are not scored.
  mutating func warmUp(_ block: ScoredBlock) throws { _ = try policy.choose(view(of: block)) }

  mutating func observe(_ prompt: PromptView) throws { try policy.observe(prompt) }

  /// The block as the policy sees it.
  func view(of block: ScoredBlock) -> QueryBlock {
    QueryBlock(
      block, budgets: policy.budgets(of: block.steps, asked: configuration.budget ?? .share(1)),
      guarded: configuration.policy.values.guarded)
  }

  /// What a choice is worth and what it cost; nil stands for all visible tokens.
  ///
  /// - Parameter chooser: the policy that chose, where it is not this object's own: what it holds now.
  mutating func record(
    _ choice: Selections?, by chooser: (any Policy)? = nil, view: QueryBlock, firstStep: Int,
    exact: ExactAttention, oracle: OracleMeasures
  ) {
    if let chooser { policy = chooser }
    let block = view.shared
    let asked = view.budgets
    outcome.ledger.merge(view.ledger)
    if let last = block.steps.last {
      outcome.residentExtra = policy.residentExtraBytes(tokens: last.position + 1)
    }
    outcome.heldTokens = policy.heldTokens
    guard let choice else { return recordEverything(block, firstStep: firstStep) }
    // A policy that sizes its own sets is compared with the oracle at the size it took.
    let budgets = (0..<block.rows).map { row in
      configuration.policy.descriptor.usesBudget ? asked[row % block.steps.count] : choice.count(row)
    }
    let best = oracle.measure(budgets: budgets)
    for row in 0..<block.rows {
      record(row, of: choice, block: block, firstStep: firstStep, k: budgets[row], exact: exact, best: best)
    }
    recordGroup(choice, block: block, firstStep: firstStep)
  }

  private mutating func record(
    _ row: Int, of choice: Selections, block: ScoredBlock, firstStep: Int, k: Int, exact: ExactAttention,
    best: OracleMeasures.Measure
  ) {
    let step = firstStep + row % block.steps.count
    let head = row / block.steps.count
    let isOracles = choice[row] == best.chosen[row]
    let correction = choice.corrections?[row]
    let (mass, outputError) =
      isOracles && correction == nil
      ? (best.mass[row], best.outputError[row])
      : choice.withTokens(row) { exact.measure(row, $0, correction: correction) }
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
    outcome.heads[head].choiceHashes[step] = choice.withTokens(row) { TokenSetHash.hash($0) }
  }

  /// Unions, overlaps with the step before, and the bytes of attending.
  private mutating func recordGroup(_ choice: Selections, block: ScoredBlock, firstStep: Int) {
    var perHead = 0
    var unions = 0
    for step in block.steps.indices {
      let rows = (0..<group.groupSize).map { block.row(head: $0, step: step) }
      let union = overlap.union(choice, rows: rows)
      unions += union
      for (head, row) in rows.enumerated() {
        perHead += choice.count(row)
        outcome.heads[head][.groupUnion, firstStep + step] = Double(union)
        if let jaccard = jaccardWithPrevious(choice, row: row, head: head, step: step, block: block) {
          outcome.heads[head][.jaccardPrevious, firstStep + step] = jaccard
        }
      }
    }
    outcome.ledger.merge(
      AttentionTraffic(group: group).attend(
        perHead: perHead, union: unions, streams: isEvicting, readsKeys: policy.readsChosenKeys,
        tier: policy.cacheTier))
    var last = Selections()
    for head in 0..<group.groupSize {
      last.appendRow(choice[block.row(head: head, step: block.steps.count - 1)])
    }
    previous = last
    outcome.lastChoice = last
    if policy.isEvicting || policy.holdsChosenOnly { outcome.heldTokens = Set(last.tokens).count }
  }

  private mutating func jaccardWithPrevious(
    _ choice: Selections, row: Int, head: Int, step: Int, block: ScoredBlock
  ) -> Double? {
    guard step > 0 || previous != nil else { return nil }
    let before = step > 0 ? choice : previous ?? choice
    let rowBefore = step > 0 ? row - 1 : head
    let common = choice.withTokens(row) { mine in
      before.withTokens(rowBefore) { overlap.common($0, mine) }
    }
    let union = choice.count(row) + before.count(rowBefore) - common
    return union > 0 ? Double(common) / Double(union) : nil
  }

  /// All visible tokens: every metric is known without computing.
  private mutating func recordEverything(_ block: ScoredBlock, firstStep: Int) {
    var visible = 0
    for (index, step) in block.steps.enumerated() {
      let count = Double(step.visible.count)
      visible += step.visible.count
      let jaccard = previousVisible.map { before in
        let common = before.clamped(to: step.visible).count
        return Double(common) / Double(before.count + step.visible.count - common)
      }
      previousVisible = step.visible
      for head in outcome.heads.indices {
        for metric in [Metric.recall, .precision, .mass, .oracleMass, .massRatio] {
          outcome.heads[head][metric, firstStep + index] = 1
        }
        for metric in [Metric.selected, .visible, .groupUnion] {
          outcome.heads[head][metric, firstStep + index] = count
        }
        outcome.heads[head][.outputError, firstStep + index] = 0
        outcome.heads[head][.oracleOutputError, firstStep + index] = 0
        outcome.heads[head][.jaccardPrevious, firstStep + index] = jaccard ?? .nan
      }
    }
    outcome.ledger.merge(
      AttentionTraffic(group: group).attend(
        perHead: visible * group.groupSize, union: visible, streams: true, readsKeys: true))
  }
}
