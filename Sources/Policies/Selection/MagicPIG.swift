import Kernels

/// Sampling by locality-sensitive hashing (Chen et al., ICLR 2025).
///
/// L tables hash keys by the signs of K random projections. A token is sampled where its key falls into the query's bucket
/// in at least two tables; its logit is corrected by the logarithm of the probability of that. First and last tokens are always
/// attended to.
public struct MagicPIG: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "magicpig",
    summary: "Samples tokens whose hash meets the query's twice, and corrects for the sampling.",
    paper: "https://arxiv.org/abs/2410.16179", kind: .selection,
    parameters: [
      ParameterDescriptor("bits", .integer(1...16), default: .integer(10), help: "K, bits of a hash"),
      ParameterDescriptor("tables", .integer(2...1000), default: .integer(150), help: "L, hash tables"),
      ParameterDescriptor.sinks.defaulting(to: .integer(4)),
      ParameterDescriptor.recent.defaulting(to: .integer(64)),
    ], common: [.denseLayers], usesBudget: false,
    cost: "4 bytes for each token in each of the query's buckets",
    notes: """
      Sizes its own sets. Keys are centred by the prompt's mean key before they are hashed. Tables of token numbers, keys and values lie on the host: \
      a step reads the numbers in the query's buckets, 4 bytes each, and writes the new token's into every table. Projections are seeded by the run, layer and KV head.
      """)

  private let bits: Int
  private let count: Int
  private let guarded: Guard
  private let group: GroupContext

  public init(parameters: ParameterValues, group: GroupContext) {
    bits = parameters.integer("bits")
    count = parameters.integer("tables")
    guarded = parameters.guarded
    self.group = group
  }

  public var cacheTier: MemoryTier { .host }
  public func budgets(of steps: [Step], asked: Budget) -> [Int] { steps.map(\.visible.count) }

  public func choose(_ block: QueryBlock) -> Selections? {
    let tables = block.shared.tables
    let hashes = tables.cached("simhash \(bits) \(count) \(group.seed)") {
      SimHash(tables, group: group, bits: bits, count: count)
    }
    let codes = hashes.codes(of: block.shared.queries, rows: block.shared.rows)
    var result = Selections()
    var corrections: [OutputCorrection] = []
    var read = 0
    var union = Array(repeating: Set<Int32>(), count: block.steps.count)
    for row in 0..<block.shared.rows {
      let visible = block.shared.visible(row)
      let hits = hashes.hits(codes, row: row, visible.upperBound)
      let (sinks, middle, recent) = guarded.split(visible, budget: visible.count)
      let sampled = middle.filter { hits[$0] >= 2 }
      read += middle.reduce(0) { $0 + Int(hits[$1]) }
      union[row % block.steps.count].formUnion(middle.lazy.filter { hits[$0] > 0 }.map(Int32.init))
      result.appendRow([Array(sinks), sampled, Array(recent)].joined().map(Int32.init))
      var correction = OutputCorrection()
      correction.offsets =
        Array(repeating: 0, count: sinks.count)
        + sampled.map { hashes.offset(query: block.shared.query(row), token: $0) }
        + Array(repeating: 0, count: recent.count)
      corrections.append(correction)
    }
    result.corrections = corrections
    block.charge(
      .init(.metadata, .gather(rowBytes: 4), tier: .host), readPerHead: read * 4, readGroupUnion: read * 4,
      written: block.steps.count * count * 4)
    return result
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    (0, count * (tokens + (1 << bits)) * 4)
  }
}

/// Codes of a group's keys in several hash tables.
struct SimHash {
  private let bits: Int
  private let count: Int
  private let kernels: Kernels
  /// `[tables · bits][headDim]`
  private let projections: FloatBuffer
  /// `[tables][tokens]`
  private let codes: [UInt16]
  private let tokens: Int
  /// Keys less the prompt's mean, brought to length 1: `[tokens][headDim]`.
  private let directions: FloatBuffer
  private let width: Int

  init(_ tables: GroupTables, group: GroupContext, bits: Int, count: Int) {
    self.bits = bits
    self.count = count
    kernels = tables.kernels
    tokens = tables.tokens
    width = tables.channels
    var generator = SplitMix64(seed: group.seed, group.layer, group.kvHead, 0x1517)
    projections = FloatBuffer(count: bits * count * width)
    for index in 0..<projections.count { projections[index] = Float(generator.normal()) }
    directions = Self.directions(tables, prompt: min(group.promptTokens, tables.tokens))
    codes = Self.codes(
      tables.pack(directions, count: tables.tokens, width: tables.channels), of: projections, bits: bits,
      count: count, kernels: kernels)
  }

  private static func directions(_ tables: GroupTables, prompt: Int) -> FloatBuffer {
    let d = tables.channels
    var mean = Array(repeating: Float(0), count: d)
    for token in 0..<prompt { for c in 0..<d { mean[c] += tables.key(token)[c] / Float(max(prompt, 1)) } }
    let result = FloatBuffer(count: tables.tokens * d)
    for token in 0..<tables.tokens {
      let out = result.pointer + token * d
      var square: Float = 0
      for c in 0..<d {
        out[c] = tables.key(token)[c] - mean[c]
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
  func codes(of queries: FloatBuffer, rows: Int) -> [UInt16] {
    let panels = kernels.packKeys(
      UnsafeRawBufferPointer(start: queries.pointer, count: rows * width * 4), element: .f32, tokens: rows,
      channels: width)
    return Self.codes(panels, of: projections, bits: bits, count: count, kernels: kernels)
  }

  /// In how many tables each of the first `end` tokens shares the query's bucket.
  func hits(_ queryCodes: [UInt16], row: Int, _ end: Int) -> [UInt16] {
    let rows = queryCodes.count / count
    var result = Array(repeating: UInt16(0), count: end)
    result.withUnsafeMutableBufferPointer { hits in
      codes.withUnsafeBufferPointer { codes in
        for table in 0..<count {
          let own = queryCodes[table * rows + row]
          let start = table * tokens
          for token in 0..<end { hits[token] &+= codes[start + token] == own ? 1 : 0 }
        }
      }
    }
    return result
  }

  /// −log of the probability that a token meets the query in at least two tables.
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
    return Float(-PortableMath.log(max(1 - none - single, 1e-12)))
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
