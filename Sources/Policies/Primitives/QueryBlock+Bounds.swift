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
  /// - Parameters:
  ///   - kept: the tokens, so many to a page, but for the last one.
  ///   - pageTokens: of a whole page.
  func scores(of kept: [Int32], pageTokens: Int, channels: [Int], step: Int) -> [[Float]] {
    let element = group.element.byteCount
    let pages = (kept.count + pageTokens - 1) / pageTokens
    let bytes = pages * channels.count * element
    charge(
      DecodeOperation(
        .score, .channels, .metadata, rowBytes: max(channels.count, 1) * element, bits: group.elementBits),
      readPerHead: bytes * group.groupSize, readGroupUnion: bytes)
    charge(
      DecodeOperation(.upkeep, .append, .metadata, rowBytes: element),
      written: (pageTokens == 1 ? 1 : 2) * group.keyRowBytes)
    chargeScores(pages * group.groupSize, writtenBy: .channels, readBy: .select)
    let queries = (0..<group.groupSize).map { query(row(head: $0, step: step)) }
    let signs = (0..<group.headDim).map { c in queries.reduce(Float(0)) { $0 + $1[c] } > 0 ? Float(1) : -1 }
    let keys = tables.keys(for: .bounds(KeyBounds.Leave()))
    let bounds = keys.highest(of: kept, pageTokens: pageTokens, channels: channels, signs: signs)
    return queries.map { query in
      let own = channels.map { query[$0] }
      return own.withUnsafeBufferPointer { own in
        guard let start = own.baseAddress else { return Array(repeating: 0, count: pages) }
        return RowProducts.of(start, width: channels.count, count: pages) {
          UnsafePointer(bounds.pointer + $0 * channels.count)
        }
      }
    }
  }
}

extension KeyRows {
  /// Of every page the highest number of its keys on each of some channels, or where a channel's sign is −1 the lowest,
  /// `[pages][channels]`.
  fileprivate func highest(of kept: [Int32], pageTokens: Int, channels: [Int], signs: [Float]) -> FloatBuffer
  {
    let pages = (kept.count + pageTokens - 1) / pageTokens
    let bounds = FloatBuffer(count: max(pages * channels.count, 1))
    var highest = [Float](repeating: 0, count: width)
    for page in 0..<pages {
      highest.withUnsafeMutableBufferPointer { highest in
        signs.withUnsafeBufferPointer { signs in
          highest.update(repeating: -.infinity)
          // The lowest number is the highest of the numbers turned about, so that whole keys are gone over in one way.
          for place in page * pageTokens..<min((page + 1) * pageTokens, kept.count) {
            let key = self[Int(kept[place])]
            for c in 0..<width {
              let number = key[c] * signs[c]
              highest[c] = number > highest[c] ? number : highest[c]
            }
          }
          let out = bounds.pointer + page * channels.count
          for (place, c) in channels.enumerated() { out[place] = highest[c] * signs[c] }
        }
      }
    }
    return bounds
  }
}
