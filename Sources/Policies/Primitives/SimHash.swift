import Attention
import Kernels

/// Codes of a prompt's keys in several hash tables.
struct SimHash {
  fileprivate let bits: Int
  fileprivate let count: Int
  private let kernels: Kernels
  /// `[tables · bits][headDim]`
  private let projections: FloatBuffer
  /// `[tables][tokens]`
  private let codes: [UInt16]
  private let tokens: Int
  /// Keys less the prompt's mean, brought to length 1: `[tokens][headDim]`.
  private let directions: FloatBuffer
  private let width: Int

  /// Of this file alone: to read keys.
  struct Leave { fileprivate init() {} }

  init(_ tables: GroupTables, group: GroupContext, bits: Int, count: Int) {
    self.bits = bits
    self.count = count
    kernels = tables.kernels
    tokens = min(group.promptTokens, tables.present)
    width = tables.channels
    var generator = SplitMix64(seed: group.seed, group.layer, group.kvHead, 0x1517)
    projections = FloatBuffer(count: bits * count * width)
    for index in 0..<projections.count { projections[index] = Float(generator.normal()) }
    directions = Self.directions(tables, tokens: tokens)
    codes = Self.codes(
      tables.pack(directions, count: tokens, width: tables.channels), of: projections, bits: bits,
      count: count, kernels: kernels)
  }

  private static func directions(_ tables: GroupTables, tokens: Int) -> FloatBuffer {
    let d = tables.channels
    let keys = tables.keys(for: .hashes(Leave()))
    var mean = Array(repeating: Float(0), count: d)
    for token in 0..<tokens { for c in 0..<d { mean[c] += keys[token][c] / Float(max(tokens, 1)) } }
    let result = FloatBuffer(count: tokens * d)
    for token in 0..<tokens {
      let out = result.pointer + token * d
      var square: Float = 0
      for c in 0..<d {
        out[c] = keys[token][c] - mean[c]
        square += out[c] * out[c]
      }
      let length = max(square.squareRoot(), .leastNormalMagnitude)
      for c in 0..<d { out[c] /= length }
    }
    return result
  }

  /// The signs of the projections of each vector, `[tables][vectors]`.
  private static func codes(
    _ vectors: KeyPanels, of projections: FloatBuffer, bits: Int, count: Int, kernels: Kernels
  ) -> [UInt16] {
    let stride = KeyPanels.paddedTokens(vectors.tokens)
    let scores = FloatBuffer(count: bits * stride)
    var result = Array(repeating: UInt16(0), count: count * vectors.tokens)
    for table in 0..<count where vectors.tokens > 0 {
      kernels.score(
        queries: projections.pointer + table * bits * vectors.channels, rows: bits, keys: vectors,
        channelList: Array(0..<Int32(vectors.channels)), tokens: 0..<vectors.tokens, into: scores.pointer,
        stride: stride)
      result.withUnsafeMutableBufferPointer { out in
        let codes = UnsafeMutableBufferPointer(
          rebasing: out[table * vectors.tokens..<(table + 1) * vectors.tokens])
        for bit in 0..<bits {
          let row = scores.pointer + bit * stride
          for token in codes.indices { codes[token] |= row[token] > 0 ? 1 << UInt16(bit) : 0 }
        }
      }
    }
    return result
  }

  /// Codes of queries, `[tables][rows]`.
  fileprivate func codes(of queries: FloatBuffer, rows: Int) -> [UInt16] {
    let panels = kernels.packKeys(
      UnsafeRawBufferPointer(start: queries.pointer, count: rows * width * 4), element: .f32, tokens: rows,
      channels: width)
    return Self.codes(panels, of: projections, bits: bits, count: count, kernels: kernels)
  }

  /// Tokens whose codes stay in the second-level cache while all rows meet them.
  private static let tokensAtOnce = 512

  /// In how many tables each of the first `end` tokens shares a query's bucket, `[rows][end]`: none where it is not the prompt's.
  fileprivate func hits(_ queryCodes: [UInt16], rows: Int, _ end: Int) -> [UInt16] {
    var result = Array(repeating: UInt16(0), count: rows * end)
    result.withUnsafeMutableBufferPointer { all in
      codes.withUnsafeBufferPointer { codes in
        guard let all = all.baseAddress, let codes = codes.baseAddress else { return }
        let known = min(end, tokens)
        for first in stride(from: 0, to: known, by: Self.tokensAtOnce) {
          let some = min(Self.tokensAtOnce, known - first)
          for row in 0..<rows {
            let hits = all + row * end + first
            for table in 0..<count {
              let (own, theirs) = (queryCodes[table * rows + row], codes + table * tokens + first)
              for token in 0..<some { hits[token] &+= theirs[token] == own ? 1 : 0 }
            }
          }
        }
      }
    }
    return result
  }

  /// −log of the probability that a token meets the query in at least two tables, which the released code raises by 1e-4.
  func offset(query: UnsafePointer<Float>, token: Int) -> Float {
    var (dot, square) = (0.0, 0.0)
    for c in 0..<width {
      dot += Double(query[c]) * Double(directions[token * width + c])
      square += Double(query[c]) * Double(query[c])
    }
    let angle = PortableMath.acos(dot / max(square.squareRoot(), .leastNormalMagnitude))
    let one = PortableMath.power(1 - angle / 3.141_592_653_589_793, bits)
    let none = PortableMath.power(1 - one, count)
    let single = Double(count) * one * PortableMath.power(1 - one, count - 1)
    return Float(-PortableMath.log(max(1 - none - single, 0) + 1e-4))
  }
}

extension QueryBlock {
  /// How often each of some tokens shares a bucket with the query of a row: the numbers in the query's buckets are read, where
  /// each bucket begins and ends, and the projections that hash the query.
  ///
  /// - Parameters:
  ///   - zone: which of the tokens that a row sees the tables hold.
  ///   - body: is told the hits of the zone's tokens, by token.
  func meet(
    _ hashes: SimHash, tier: MemoryTier, among zone: (_ visible: Range<Int>) -> Range<Int>,
    _ body: (_ row: Int, _ hits: ArraySlice<UInt16>) -> Void
  ) {
    let end = span.upperBound
    let all = hashes.hits(hashes.codes(of: queries, rows: rows), rows: rows, end)
    var numbers = 0
    for row in 0..<rows {
      let hits = Array(all[row * end..<(row + 1) * end])[zone(visible(row))]
      numbers += hits.reduce(0) { $0 + Int($1) }
      body(row, hits)
    }
    func charge(_ bytes: Int, rowBytes: Int) {
      self.charge(
        DecodeOperation(
          .score, .buckets, .metadata, rowBytes: rowBytes, bits: 32, pattern: .gather(rowBytes: rowBytes),
          tier: tier), readPerHead: bytes, readGroupUnion: bytes)
    }
    charge(numbers * 4, rowBytes: 4)
    // First and last number of a bucket of every table, for each query head.
    charge(rows * hashes.count * 8, rowBytes: 8)
    chargeMatrix(rows: hashes.bits * hashes.count)
  }
}

extension SplitMix64 {
  /// A draw of the standard normal distribution (Box and Muller).
  mutating func normal() -> Double {
    let first = (Double(next() >> 11) + 1) * 0x1p-53
    let second = Double(next() >> 11) * 0x1p-53
    return (-2 * PortableMath.log(first)).squareRoot()
      * PortableMath.sinCos(2 * 3.141_592_653_589_793 * second).cos
  }
}
