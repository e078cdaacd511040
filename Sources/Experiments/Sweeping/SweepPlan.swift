import Attention
import Policies
import Results

/// What a sweep asks for: traces × policies × budgets, and hardware to price them on.
public struct SweepPlan: Sendable {
  /// Paths, from the working directory, or digests, as ``TraceLocator`` reads them.
  public var traces: [String] = []
  public var locator = TraceLocator()
  /// Every combination of the policies' grids, and how it is replayed.
  public var request = ReplayRequest()
  public var budgets: [Budget] = []
  /// Names of machines.
  public var hardware: [String] = []
  public var detail = ResultsStore.Detail.head
  public var isTimed = true
  /// Whether kernels are timed where a sweep is divided among machines, too: times belong to the machine that took
  /// them, so that this must be asked for.
  public var timesUnits = false
  /// That time kernels side by side.
  public var kernelThreads = 1

  public init() {}
}
