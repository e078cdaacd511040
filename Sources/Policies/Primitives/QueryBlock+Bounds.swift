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
    let bounds = bounds(
      pages, channels, isHigh: channels.map { c in queries.reduce(Float(0)) { $0 + $1[c] } > 0 })
    return queries.map { query in
      bounds.map { bounds in zip(channels, bounds).reduce(Float(0)) { $0 + query[$1.0] * $1.1 } }
    }
  }

  /// Of every page and channel the highest number of its keys, or the lowest.
  private func bounds(_ pages: [ArraySlice<Int32>], _ channels: [Int], isHigh: [Bool]) -> [[Float]] {
    let keys = tables.keys(for: .bounds(KeyBounds.Leave()))
    return pages.map { tokens in
      zip(channels, isHigh).map { c, isHigh in
        tokens.reduce(isHigh ? -Float.infinity : .infinity) {
          let key = keys[Int($1)][c]
          return isHigh ? max($0, key) : min($0, key)
        }
      }
    }
  }
}
