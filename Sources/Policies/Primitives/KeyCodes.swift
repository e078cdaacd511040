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
  /// - Parameter sample: the tokens of the prompt whose keys k-means sees.
  func table(of tables: GroupTables, sample: Range<Int>) -> TokenTable {
    let name = "codes \(parts) \(bits) \(rounds) \(sample)"
    let means = tables.cached(name + " means", ofPrompt: true) { centroids(tables, sample: sample) }
    return TokenTable(name, of: tables, width: tables.channels) { rows(tables, of: $0, by: means) }
  }

  private func channels(_ part: Int, of tables: GroupTables) -> Range<Int> {
    part * tables.channels / parts..<(part + 1) * tables.channels / parts
  }

  /// Of each part.
  private func centroids(_ tables: GroupTables, sample: Range<Int>) -> [KMeans] {
    (0..<parts).map { part in
      let channels = channels(part, of: tables)
      let rows = partRows(tables, channels, of: sample)
      return withExtendedLifetime(rows) {
        KMeans(
          rows.pointer, rowCount: sample.count, width: channels.count, centroids: 1 << bits, rounds: rounds,
          kernels: tables.kernels)
      }
    }
  }

  /// Some tokens' keys with every part replaced by its centroid, `[tokens][channels]`.
  private func rows(_ tables: GroupTables, of tokens: Range<Int>, by means: [KMeans]) -> FloatBuffer {
    let d = tables.channels
    let result = FloatBuffer(count: tokens.count * d)
    for (part, means) in means.enumerated() {
      let channels = channels(part, of: tables)
      let rows = partRows(tables, channels, of: tokens)
      let points = withExtendedLifetime(rows) {
        KMeans.Points(
          rows.pointer, rowCount: tokens.count, width: channels.count, kernels: tables.kernels)
      }
      let owner = means.nearest(points)
      for (place, owner) in owner.enumerated() {
        (result.pointer + place * d + channels.lowerBound).update(
          from: means.centroids.pointer + Int(owner) * channels.count, count: channels.count)
      }
    }
    return result
  }

  /// Some channels of some tokens' keys, `[tokens][channels]`.
  private func partRows(_ tables: GroupTables, _ channels: Range<Int>, of tokens: Range<Int>) -> FloatBuffer {
    let keys = tables.keys(for: .codes(Leave()))
    let rows = FloatBuffer(count: tokens.count * channels.count)
    for (place, token) in tokens.enumerated() {
      (rows.pointer + place * channels.count).update(
        from: keys[token] + channels.lowerBound, count: channels.count)
    }
    return rows
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
