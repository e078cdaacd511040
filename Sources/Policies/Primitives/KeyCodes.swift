import Attention
import Kernels

/// Product quantisation: every key with its parts replaced by the nearest of their centroids.
struct KeyCodes {
  /// Of a key.
  let parts: Int
  /// Of a part's code.
  let bits: Int
  /// Of k-means.
  let rounds: Int

  /// Of this file alone: to read keys.
  struct Leave { fileprivate init() {} }

  /// The keys as their codes have them.
  ///
  /// - Parameter sample: the tokens whose keys k-means sees.
  func table(of tables: GroupTables, sample: Range<Int>) -> TokenTable {
    TokenTable("codes \(parts) \(bits) \(rounds) \(sample)", of: tables, width: tables.channels) {
      rows(tables, sample: sample)
    }
  }

  private func rows(_ tables: GroupTables, sample: Range<Int>) -> FloatBuffer {
    let d = tables.channels
    let keys = tables.keys(for: .codes(Leave()))
    let result = FloatBuffer(count: tables.tokens * d)
    for part in 0..<parts {
      let channels = part * d / parts..<(part + 1) * d / parts
      let rows = FloatBuffer(count: tables.tokens * channels.count)
      for token in 0..<tables.tokens {
        (rows.pointer + token * channels.count).update(
          from: keys[token] + channels.lowerBound, count: channels.count)
      }
      let means = KMeans(
        rows.pointer + sample.lowerBound * channels.count, rowCount: sample.count, width: channels.count,
        centroids: 1 << bits, rounds: rounds, kernels: tables.kernels)
      let owner = means.nearest(
        KMeans.Points(rows.pointer, rowCount: tables.tokens, width: channels.count, kernels: tables.kernels))
      for token in 0..<tables.tokens {
        (result.pointer + token * d + channels.lowerBound).update(
          from: means.centroids.pointer + Int(owner[token]) * channels.count, count: channels.count)
      }
    }
    return result
  }
}

extension QueryBlock {
  /// Scores of every visible token by its codes: the query's parts meet all centroids, and codes look the products up.
  func scores(_ codes: KeyCodes, sample: Range<Int>) -> ScoreMatrix {
    chargeMatrix(rows: 1 << codes.bits)
    return scores(
      codes.table(of: tables, sample: sample), queries: queries, rows: .codes(codes.parts, bits: codes.bits))
  }
}
