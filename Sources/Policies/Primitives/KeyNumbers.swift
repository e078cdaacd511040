import Kernels

/// Numbers made of keys: one for each token, or for each page.
enum KeyNumbers {
  /// Of this file alone: to read keys.
  struct Leave { fileprivate init() {} }
}

extension GroupTables {
  /// A number for each token that is there, made of its key on first use.
  ///
  /// - Parameter name: says everything that decides the numbers.
  func perToken(_ name: String, _ make: (_ token: Int, _ key: UnsafePointer<Float>) -> Float) -> FloatBuffer {
    grown("number per token " + name, room: room(1)) { out, tokens in
      for (token, number) in zip(tokens, numbers(of: tokens, make)) { out[token] = number }
    }
  }

  /// The same of some tokens, and kept for nobody.
  func numbers(of tokens: Range<Int>, _ make: (_ token: Int, _ key: UnsafePointer<Float>) -> Float) -> [Float]
  {
    let keys = keys(for: .numbers(.init()))
    return tokens.map { make($0, keys[$0]) }
  }

  /// A number for each of the first pages, made of its keys.
  func perPage(_ pages: Range<Int>, pageTokens: Int, _ make: (KeyPage) -> Float) -> [Float] {
    let keys = keys(for: .numbers(.init()))
    return pages.map { make(KeyPage(tokens: $0 * pageTokens..<($0 + 1) * pageTokens, keys: keys)) }
  }
}
