import Attention
import Policies
import Results

/// What a sweep asks for: traces × policies × budgets, and hardware to price them on.
public struct SweepPlan: Sendable {
  /// Paths, from the working directory.
  public var traces: [String] = []
  /// Every combination of the policies' grids, and how it is replayed.
  public var request = ReplayRequest()
  public var budgets: [Budget] = []
  /// Names of machines.
  public var hardware: [String] = []
  public var detail = ResultsStore.Detail.head
  public var isTimed = true
  /// That time kernels side by side.
  public var kernelThreads = 1

  public init() {}
}
