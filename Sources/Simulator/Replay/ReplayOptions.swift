import Kernels

/// What part of a trace is replayed, and how.
public struct ReplayOptions: Sendable {
  /// Layer numbers; nil for all captured.
  public var layers: [Int]?
  /// Query heads that are reported; nil for all.
  public var heads: [Int]?
  /// Decode steps that are scored, counted from 0; nil for all. Policies that keep state walk those before, too.
  public var steps: Range<Int>?
  public var threads: Int
  public var seed: UInt64
  public var instructionSet: InstructionSet
  /// What calibrates policies that ask for it.
  public var profile: LoadedProfile?
  /// Whether the trace's own earliest queries calibrate FASA's chunks. They are scored for no policy, whichever runs.
  public var selfCalibrates: Bool
  /// Whether results hold the tokens that each query head chose.
  public var keepsChoices = false
  /// Called with groups done and groups in all, from any thread.
  public var progress: (@Sendable (Int, Int) -> Void)?

  public init(
    layers: [Int]? = nil, heads: [Int]? = nil, steps: Range<Int>? = nil, threads: Int = 1, seed: UInt64 = 0,
    instructionSet: InstructionSet = .best, profile: LoadedProfile? = nil, selfCalibrates: Bool = false,
    progress: (@Sendable (Int, Int) -> Void)? = nil
  ) {
    self.layers = layers
    self.heads = heads
    self.steps = steps
    self.threads = threads
    self.seed = seed
    self.instructionSet = instructionSet
    self.profile = profile
    self.selfCalibrates = selfCalibrates
    self.progress = progress
  }
}
