import Attention
import Kernels
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Attention in one pass is held to softmax attention in double precision.
@Suite struct DecodeAttendTests {
  /// Absolute, for values below 2 and logits below 32: softmax's exponent carries the rounding of a logit.
  static let tolerance = 1e-5
  static let shapes = [(8, 64), (64, 64), (72, 8), (96, 128), (128, 72), (256, 256), (128, 128), (64, 96)]

  /// Keys, values and queries of one KV group.
  struct Group {
    let keys, values: Stored
    let queries: Fenced<Float>
    let tokens, channels, valueChannels, heads: Int
    let cache: DecodeCache

    init(_ element: ElementType, tokens: Int, channels: Int, valueChannels: Int, heads: Int) {
      keys = Stored(element, count: tokens * channels, seed: UInt64(channels))
      values = Stored(element, count: tokens * valueChannels, seed: UInt64(tokens))
      var random = SeededRandom(UInt64(heads))
      queries = Fenced(random.signed(count: heads * channels))
      (self.tokens, self.channels, self.valueChannels, self.heads) = (tokens, channels, valueChannels, heads)
      cache = DecodeCache(
        keys: keys.words.pointer, values: values.words.pointer, element: element, tokens: tokens,
        channels: channels, valueChannels: valueChannels)
    }

    /// Softmax attention of one head over `chosen`, in double precision.
    func attention(_ head: Int, over chosen: [Int], scale: Float, cap: Float?) -> [Double] {
      let logits = chosen.map { token in
        let product = Sum.chain(
          (0..<channels).map {
            (queries.pointer[head * channels + $0], keys.floats[token * channels + $0])
          })
        let scaled = Double(scale) * product.exact
        guard let cap else { return scaled }
        return Double(cap) * tanh(scaled / Double(cap))
      }
      let weights = logits.map { exp($0 - (logits.max() ?? 0)) }
      let sum = weights.reduce(0, +)
      return (0..<valueChannels).map { channel in
        zip(weights, chosen).reduce(0) {
          $0 + $1.0 * Double(values.floats[$1.1 * valueChannels + channel])
        } / sum
      }
    }
  }

  private func expect(
    _ out: Fenced<Float>, _ group: Group, over chosen: [Int], scale: Float, cap: Float? = nil
  ) {
    for head in 0..<group.heads {
      let exact = group.attention(head, over: chosen, scale: scale, cap: cap)
      for (channel, value) in exact.enumerated() {
        let error = (Double(out.pointer[head * group.valueChannels + channel]) - value).magnitude
        #expect(
          error <= Self.tolerance,
          "\(group.channels) × \(group.valueChannels), head \(head) of \(group.heads), channel \(channel)")
      }
    }
    #expect(out.isIntact)
  }

  @Test(arguments: InstructionSet.available, [ElementType.f16, .bf16])
  func everything(set: InstructionSet, element: ElementType) throws {
    let kernels = try Kernels(set)
    for (i, (channels, valueChannels)) in Self.shapes.enumerated() {
      let (tokens, heads) = ([1, 12, 47, 49, 96, 131, 200, 13][i], 1 + i)
      let group = Group(
        element, tokens: tokens, channels: channels, valueChannels: valueChannels, heads: heads)
      for cap: Float? in [nil, 3] {
        let part = PartialAttention(heads: heads, valueChannels: valueChannels)
        let out = Fenced<Float>(count: heads * valueChannels)
        kernels.decodeAttend(
          group.cache, TokenRuns([0..<tokens]),
          DecodeQueries(group.queries.pointer, heads: heads, scale: 0.5, cap: cap), into: part)
        kernels.decodeMerge([part], into: out.pointer)
        expect(out, group, over: Array(0..<tokens), scale: 0.5, cap: cap)
      }
    }
  }

  /// Pages and single tokens, and the same tokens as a list.
  @Test(arguments: InstructionSet.available, [1, 4, 7])
  func chosen(set: InstructionSet, heads: Int) throws {
    let kernels = try Kernels(set)
    for (channels, valueChannels) in Self.shapes.prefix(4) {
      let group = Group(.f16, tokens: 133, channels: channels, valueChannels: valueChannels, heads: heads)
      let runs = [0..<4, 16..<32, 35..<36, 37..<38, 40..<104, 112..<120, 132..<133]
      let tokens = Array(runs.joined())
      let queries = DecodeQueries(group.queries.pointer, heads: heads, scale: 0.3)
      let part = PartialAttention(heads: heads, valueChannels: valueChannels)
      let out = Fenced<Float>(count: heads * valueChannels)
      kernels.decodeAttend(group.cache, TokenRuns(runs), queries, into: part)
      kernels.decodeMerge([part], into: out.pointer)
      expect(out, group, over: tokens, scale: 0.3)
      let list = Fenced(tokens.map(Int32.init))
      let other = Fenced<Float>(count: heads * valueChannels)
      kernels.decodeAttend(group.cache, tokens: UnsafeBufferPointer(list.buffer), queries, into: part)
      kernels.decodeMerge([part], into: other.pointer)
      #expect(other.elements == out.elements)
    }
  }

  /// What threads yield apart, one of them nothing, is what one yields alone.
  @Test(arguments: InstructionSet.available)
  func merged(set: InstructionSet) throws {
    let kernels = try Kernels(set)
    let group = Group(.bf16, tokens: 150, channels: 64, valueChannels: 72, heads: 3)
    let queries = DecodeQueries(group.queries.pointer, heads: 3, scale: 1)
    let parts = [[0..<1], [1..<90], [], [90..<150]].map { runs in
      let part = PartialAttention(heads: 3, valueChannels: 72)
      kernels.decodeAttend(group.cache, TokenRuns(runs), queries, into: part)
      return part
    }
    let out = Fenced<Float>(count: 3 * 72)
    kernels.decodeMerge(parts, into: out.pointer)
    expect(out, group, over: Array(0..<150), scale: 1)
    kernels.decodeMerge([parts[2]], into: out.pointer)
    #expect(out.elements.allSatisfy { $0 == 0 })
  }
}
