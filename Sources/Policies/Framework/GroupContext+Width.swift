import Kernels

extension GroupContext {
  /// Checks that the kernels can score vectors of `width` numbers.
  ///
  /// - Throws: ``PolicyError`` where they cannot.
  func require(width: Int, for policy: String) throws {
    if width <= Kernels.maximumChannels { return }
    throw PolicyError(
      """
      \(policy): layer \(layer): vectors of \(width) numbers for heads of \(headDim) channels: expected at most \
      \(Kernels.maximumChannels), which the kernels score: leave the policy out on this trace
      """)
  }
}
