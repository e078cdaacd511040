import Attention
import Kernels

/// The bucket of every key in several hash tables, met by queries that spread over all buckets of a table.
struct SoftHashes {
  /// Planes of a table.
  let bits: Int
  /// Tables.
  let count: Int
  /// Says what the hashes were made from, beside the keys.
  fileprivate let name: String
  /// `[tokens][tables]`: numbers below 2^bits, in which the first plane's bit is the lowest.
  private let buckets: FloatBuffer
  /// `[tables · bits]` vectors.
  private let planes: KeyPanels

  /// Of this file alone: to read keys.
  struct Leave { fileprivate init() {} }

  /// - Parameter seed: of the planes, which layers and heads share.
  init(_ tables: GroupTables, bits: Int, count: Int, seed: UInt64) {
    self.bits = bits
    self.count = count
    let name = "soft hashes \(bits) \(count) \(seed)"
    self.name = name
    let drawn = tables.cached(name + " drawn", ofPrompt: true) {
      Self.draw(bits * count * tables.channels, seed: seed)
    }
    planes = tables.cached(name + " planes", ofPrompt: true) {
      tables.pack(drawn, count: bits * count, width: tables.channels)
    }
    let keys = tables.keys(for: .softHashes(Leave()))
    buckets = tables.grown(name, room: tables.room(count)) { out, tokens in
      Self.hash(keys, tokens, by: drawn, bits: bits, count: count, kernels: tables.kernels, into: out)
    }
  }

  private static func draw(_ count: Int, seed: UInt64) -> FloatBuffer {
    var generator = SplitMix64(seed: seed, 0x50C)
    let result = FloatBuffer(count: count)
    for index in 0..<count { result[index] = Float(generator.normal()) }
    return result
  }

  private static func hash(
    _ keys: KeyRows, _ tokens: Range<Int>, by planes: FloatBuffer, bits: Int, count: Int, kernels: Kernels,
    into out: FloatBuffer
  ) {
    guard !tokens.isEmpty else { return }
    let panels = kernels.packKeys(
      UnsafeRawBufferPointer(start: keys[tokens.lowerBound], count: tokens.count * keys.width * 4),
      element: .f32, tokens: tokens.count, channels: keys.width)
    let stride = KeyPanels.paddedTokens(tokens.count)
    let scores = FloatBuffer(count: bits * stride)
    for table in 0..<count {
      kernels.score(
        queries: planes.pointer + table * bits * keys.width, rows: bits, keys: panels,
        channelList: Array(0..<Int32(keys.width)), tokens: 0..<tokens.count, into: scores.pointer,
        stride: stride)
      for (place, token) in tokens.enumerated() {
        var bucket = 0
        for bit in 0..<bits where scores.pointer[bit * stride + place] >= 0 { bucket |= 1 << bit }
        out.pointer[token * count + table] = Float(bucket)
      }
    }
  }

  /// Writes the probability that a query gives each bucket of a table: softmax over the corners ±1 of what its products with the
  /// planes add up to there, which is a product over the planes.
  ///
  /// - Parameters:
  ///   - products: of the query with the table's planes, of which the hyperbolic tangent is taken.
  ///   - scale: what that is multiplied by.
  ///   - out: of as many numbers as there are buckets.
  static func chances(
    _ products: some Collection<Float>, scale: Double, temperature: Double,
    into out: UnsafeMutablePointer<Float>
  ) {
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 1 << products.count) { all in
      all[0] = 1
      var known = 1
      for product in products {
        let one = chance(tanh(Double(product)) * scale / temperature)
        // A plane's bit is above those of the planes before, so that what is known is parted in two halves side by side.
        for index in 0..<known {
          let whole = all[index]
          all[index] = whole * (1 - one)
          all[known + index] = whole * one
        }
        known *= 2
      }
      for index in 0..<known { out[index] = Float(all[index]) }
    }
  }

  /// e^x / (e^x + e^−x).
  private static func chance(_ x: Double) -> Double {
    let small = PortableMath.exp(-2 * abs(x))
    return (x < 0 ? small : 1) / (1 + small)
  }

  private static func tanh(_ x: Double) -> Double {
    let small = PortableMath.exp(-2 * abs(x))
    return (x < 0 ? -1 : 1) * (1 - small) / (1 + small)
  }

  /// Of all tables, one after the other, for each of some queries, which are large and so told one by one.
  fileprivate func eachChances(
    _ block: QueryBlock, scale: Double, temperature: Double,
    _ body: (_ row: Int, _ chances: UnsafePointer<Float>) -> Void
  ) {
    let stride = KeyPanels.paddedTokens(planes.tokens)
    let products = FloatBuffer(count: block.rows * stride)
    block.kernels.score(
      queries: block.queries.pointer, rows: block.rows, keys: planes,
      channelList: Array(0..<Int32(planes.channels)), tokens: 0..<planes.tokens, into: products.pointer,
      stride: stride)
    let chances = FloatBuffer(count: count << bits)
    for row in 0..<block.rows {
      for table in 0..<count {
        let own = UnsafeBufferPointer(start: products.pointer + row * stride + table * bits, count: bits)
        Self.chances(
          own, scale: scale, temperature: temperature, into: chances.pointer + table << bits)
      }
      body(row, chances.pointer)
    }
  }

  /// The buckets of some tokens, `[tables][tokens]`.
  fileprivate func byTable(_ tokens: Range<Int>) -> [UInt16] {
    var result = [UInt16](repeating: 0, count: count * tokens.count)
    result.withUnsafeMutableBufferPointer { out in
      for (place, token) in tokens.enumerated() {
        let own = buckets.pointer + token * count
        for table in 0..<count { out[table * tokens.count + place] = UInt16(own[table]) }
      }
    }
    return result
  }

  /// Tokens whose sums stay in the first-level cache while all tables add to them.
  private static let tokensAtOnce = 2048

  /// Writes of each of `tokens` tokens the sum over the tables of what a query gives its buckets, added in the tables' order.
  ///
  /// - Parameter own: the tokens' buckets, those of the next table `stride` further on.
  fileprivate func sum(
    _ chances: UnsafePointer<Float>, _ own: UnsafePointer<UInt16>, stride: Int, tokens: Int,
    into out: UnsafeMutablePointer<Float>
  ) {
    for first in Swift.stride(from: 0, to: tokens, by: Self.tokensAtOnce) {
      let some = first..<min(first + Self.tokensAtOnce, tokens)
      for token in some { out[token] = 0 }
      // Four at a time, so that a sum is read and written a quarter as often.
      var table = 0
      while table + 4 <= count {
        let (a, b) = (chances + table << bits, chances + (table + 1) << bits)
        let (c, d) = (chances + (table + 2) << bits, chances + (table + 3) << bits)
        let numbers = own + table * stride
        for token in some {
          var sum = out[token] + a[Int(numbers[token])]
          sum += b[Int(numbers[stride + token])]
          sum += c[Int(numbers[2 * stride + token])]
          out[token] = sum + d[Int(numbers[3 * stride + token])]
        }
        table += 4
      }
      while table < count {
        let (a, numbers) = (chances + table << bits, own + table * stride)
        for token in some { out[token] += a[Int(numbers[token])] }
        table += 1
      }
    }
  }
}

extension QueryBlock {
  /// Of every visible token the probabilities that a query gives its buckets, summed over the tables.
  ///
  /// The planes are read, which hash the query and the new key; the probabilities of all buckets, which are more than a
  /// processor holds, are written and read back; buckets are read once for the group.
  ///
  /// - Parameters:
  ///   - scale: what a query's hyperbolic tangents are multiplied by.
  ///   - rows: what is kept of a token, and written for a new one.
  ///   - weighing: says what `weigh` does, for whoever asks for the same.
  ///   - weigh: finishes a row's scores, those of the tokens that it sees.
  func scores(
    _ hashes: SoftHashes, scale: Double, temperature: Double, rows stored: StoredRow, weighing: String,
    _ weigh: (_ scores: UnsafeMutablePointer<Float>, _ tokens: Range<Int>) -> Void
  ) -> ScoreMatrix {
    chargeMatrix(rows: hashes.bits * hashes.count)
    let chanceBytes = rows * hashes.count << hashes.bits * 4
    charge(.scores(.score, by: .matrix), written: chanceBytes)
    charge(.scores(.score, by: stored.kernel), readPerHead: chanceBytes, readGroupUnion: chanceBytes)
    let read = visibleTokens * stored.bytes
    charge(stored.scoring(), readPerHead: read * group.groupSize, readGroupUnion: read)
    chargeAppend(rowBytes: stored.bytes)
    chargeScores(writtenBy: stored.kernel)
    return cached("\(hashes.name) \(scale) \(temperature) \(weighing)") {
      let (result, span) = (makeMatrix(), span)
      hashes.byTable(span).withUnsafeBufferPointer { buckets in
        guard let buckets = buckets.baseAddress else { return }
        hashes.eachChances(self, scale: scale, temperature: temperature) { row, chances in
          let (out, visible) = (result.row(row), visible(row))
          hashes.sum(
            chances, buckets + visible.lowerBound - span.lowerBound, stride: span.count,
            tokens: visible.count, into: out + visible.lowerBound)
          weigh(out, visible)
        }
      }
      return result
    }
  }
}
