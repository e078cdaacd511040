import Simulator

@testable import Results

extension Samples {
  /// Samples of dense attention and of a policy, repeat by repeat, as nanoseconds.
  static func timings(dense: [Int], policy: [Int]) -> [KernelSample] {
    dense.enumerated().map { sample(nil, $0, $1) } + policy.enumerated().map { sample(.attend, $0, $1) }
  }
}
