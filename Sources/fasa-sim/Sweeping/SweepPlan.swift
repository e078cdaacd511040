import Attention
import Policies
import Results
import Simulator

/// What a sweep asks for: traces × policies × budgets, and hardware to price them on.
struct SweepPlan {
  /// Paths, from the working directory.
  var traces: [String] = []
  /// Every combination of the grids, each once.
  private(set) var policies: [PolicyConfiguration] = []
  private var known: Set<PolicyConfiguration> = []
  /// Policies that were asked for again.
  var repeated = 0
  /// Whether `all` was among the policies, so that those which a trace cannot serve are left out.
  var asksForEverything = false
  var budgets: [Budget] = []
  /// Names of machines.
  var hardware: [String] = []
  var layers: NumberRanges?
  var heads: NumberRanges?
  var steps: Range<Int>?
  var seed: UInt64 = 0
  var profile: String?
  /// Whether each trace's own earliest queries calibrate, and are scored for no policy.
  var selfCalibrates = false
  var detail = ResultsStore.Detail.head
  var isTimed = true

  /// Adds what is not there yet.
  mutating func add(_ more: [PolicyConfiguration]) {
    for policy in more {
      if known.insert(policy).inserted { policies.append(policy) } else { repeated += 1 }
    }
  }
}
