import Attention
import Policies
import Simulator

/// Policies at the budgets that shares of dense attention's bytes buy them.
struct BytesGrid {
  private(set) var configurations: [ReplayConfiguration] = []
  /// What even one token is too dear for.
  private(set) var leftOut: [LeftOut] = []
  /// All that the user should know, in the order of the shares.
  private(set) var notes: [String] = []
  private var known: Set<ReplayConfiguration> = []

  init(prepared: PreparedReplay, shares: [Double], reading: Reading) throws {
    let finder = ByteBudget(prepared.trace, options: prepared.options, reading: reading)
    for share in shares {
      for finding in try finder.find(prepared.policies, share: share) { add(finding, share: share) }
      notes.append(
        "budgets are what \(NumberText.percent(share)) of dense attention's bytes buy (\(reading.rawValue) reading, choosing included); policies that size their own sets run as they are"
      )
    }
  }

  private mutating func add(_ finding: ByteBudget.Finding, share: Double) {
    let policy = finding.policy
    guard finding.tokens != nil || !policy.descriptor.usesBudget else {
      let note =
        "left out: \(policy.label): one token with what it reads to choose costs more than \(NumberText.percent(share)) of dense attention's bytes"
      leftOut.append(LeftOut(policy: policy.label, note: note))
      notes.append(note)
      return
    }
    let budget = policy.descriptor.usesBudget ? finding.tokens.map(Budget.tokens) : nil
    let configuration = ReplayConfiguration(policy: policy, budget: budget)
    if known.insert(configuration).inserted { configurations.append(configuration) }
  }
}
