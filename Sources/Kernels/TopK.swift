import CKernels

/// Scratch space for ``Kernels/topK(_:k:into:scratch:)``, grown as needed. One per thread.
public final class TopKScratch {
  private var words: [UInt32] = []

  public init() {}

  func withWords<R>(_ count: Int, _ body: (UnsafeMutablePointer<UInt32>?) -> R) -> R {
    if words.count < count { words = Array(repeating: 0, count: count) }
    return words.withUnsafeMutableBufferPointer { body($0.baseAddress) }
  }
}

extension Kernels {
  /// Writes the positions of the `k` largest values, ascending; equal values go to the lower position.
  ///
  /// - Complexity: O(count): one pass over the values, and a few over what a sample lets through.
  public func topK(
    _ values: UnsafeBufferPointer<Float>, k: Int, into out: UnsafeMutablePointer<Int32>, scratch: TopKScratch
  ) {
    precondition(k >= 0 && k <= values.count)
    guard let start = values.baseAddress, k > 0 else { return }
    scratch.withWords(3 * values.count + 48) { words in
      guard let words else { return }
      table.top_k(start, values.count, k, out, words)
    }
  }
}
