import Kernels

extension GroupContext {
  /// Checks that the kernels can score vectors of `width` numbers.
  ///
  /// - Throws: ``PolicyError`` where they cannot.
  func require(width: Int, for policy: String) throws {
    if width <= Kernels.maximumChannels { return }
    throw PolicyError(
      "\(policy): layer \(layer)",
      expected: "vectors of at most \(Kernels.maximumChannels) numbers, which the kernels score",
      found: "\(width) for heads of \(headDim) channels", advice: "leave the policy out on this trace")
  }
}
