import Attention
import Kernels

/// Bounds of the keys of pages that a policy makes of what it kept, as against pages of neighbours in the text.
enum KeyBounds {
  /// Of this file alone: to read keys.
  struct Leave { fileprivate init() {} }
}

extension QueryBlock {
  /// [max(q, 0); min(q, 0)] of every row, which meets a page's highest and lowest numbers: `[rows][2 · headDim]`.
  func signedQueries() -> FloatBuffer {
    let d = group.headDim
    return derivedQueries(width: 2 * d) { _, query, out in
      for c in 0..<d { (out[c], out[d + c]) = (max(query[c], 0), min(query[c], 0)) }
    }
  }

  /// Products of a step's queries with bounds of pages on some channels, `[query head of the group][page]`.
  ///
  /// Of a channel's two bounds the one counts that the sign of the summed query asks for. Bounds lie channel by channel, so that
  /// some channels of all pages are read side by side; both are kept, or of single tokens the key.
  ///
  /// - Parameter pageTokens: of a whole page.
  func scores(pages: [ArraySlice<Int32>], pageTokens: Int, channels: [Int], step: Int) -> [[Float]] {
    let element = group.element.byteCount
    let bytes = pages.count * channels.count * element
    charge(
      DecodeOperation(
        .score, .channels, .metadata, rowBytes: max(channels.count, 1) * element, bits: group.elementBits),
      readPerHead: bytes * group.groupSize, readGroupUnion: bytes)
    charge(
      DecodeOperation(.upkeep, .append, .metadata, rowBytes: element),
      written: (pageTokens == 1 ? 1 : 2) * group.keyRowBytes)
    chargeScores(pages.count * group.groupSize, writtenBy: .channels, readBy: .select)
    let queries = (0..<group.groupSize).map { query(row(head: $0, step: step)) }
    var products = queries.map { _ in [Float](repeating: 0, count: pages.count) }
    eachBounds(
      pages, channels, isHigh: channels.map { c in queries.reduce(Float(0)) { $0 + $1[c] } > 0 }
    ) { some, bounds in
      for (head, query) in queries.enumerated() {
        var sums = SIMD8<Float>(repeating: 0)
        for (place, c) in channels.enumerated() { sums += query[c] * bounds[place] }
        for (lane, page) in some.enumerated() { products[head][page] = sums[lane] }
      }
    }
    return products
  }

  /// Of eight pages at a time the highest number of their keys, or the lowest, on each of some channels.
  private func eachBounds(
    _ pages: [ArraySlice<Int32>], _ channels: [Int], isHigh: [Bool],
    _ body: (_ pages: Range<Int>, _ bounds: [SIMD8<Float>]) -> Void
  ) {
    let keys = tables.keys(for: .bounds(KeyBounds.Leave()))
    var bounds = [SIMD8<Float>](repeating: SIMD8(repeating: 0), count: channels.count)
    // The lowest number is the highest of the numbers turned about, so that whole keys are gone over in one way.
    var signs = [Float](repeating: 1, count: group.headDim)
    for (place, c) in channels.enumerated() where !isHigh[place] { signs[c] = -1 }
    var highest = [Float](repeating: 0, count: group.headDim)
    for first in stride(from: 0, to: pages.count, by: 8) {
      let some = first..<min(first + 8, pages.count)
      for (lane, page) in some.enumerated() {
        keys.highest(of: pages[page], signs: signs, into: &highest)
        for (place, c) in channels.enumerated() { bounds[place][lane] = highest[c] * signs[c] }
      }
      body(some, bounds)
    }
  }
}

extension KeyRows {
  /// Of each channel the highest number of some keys, each times its channel's sign.
  fileprivate func highest(of tokens: ArraySlice<Int32>, signs: [Float], into out: inout [Float]) {
    signs.withUnsafeBufferPointer { signs in
      out.withUnsafeMutableBufferPointer { out in
        out.update(repeating: -.infinity)
        for token in tokens {
          let key = self[Int(token)]
          for c in 0..<width {
            let number = key[c] * signs[c]
            out[c] = number > out[c] ? number : out[c]
          }
        }
      }
    }
  }
}
