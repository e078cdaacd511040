import Attention
import Kernels
import Testing

/// Decode kernels may sum in any order, so they are held to the error that any order can have.
@Suite struct DecodeKernelsTests {
  static let dims = [8, 64, 72, 96, 128, 256, 5]

  @Test(arguments: InstructionSet.available, [ElementType.f16, .bf16])
  func scoreRows(set: InstructionSet, element: ElementType) throws {
    let kernels = try Kernels(set)
    for (i, channels) in Self.dims.enumerated() {
      let (tokens, heads, stride) = (1 + 6 * i, 1 + i % 7, 50)
      let keys = Stored(element, count: tokens * channels, seed: UInt64(channels))
      var random = SeededRandom(UInt64(channels))
      let queries = Fenced(random.signed(count: heads * channels))
      let scores = Fenced<Float>(count: (heads - 1) * stride + tokens)
      kernels.decodeScore(
        rows: keys.words.pointer, element: element, tokens: tokens, channels: channels,
        queries: queries.pointer, heads: heads, into: scores.pointer, stride: stride)
      for place in 0..<scores.count {
        let (head, token) = (place / stride, place % stride)
        if token >= tokens {
          #expect(scores.isUntouched(place))
        } else {
          let sum = Sum.chain(
            (0..<channels).lazy.map {
              (queries.pointer[head * channels + $0], keys.floats[token * channels + $0])
            })
          #expect(
            sum.isWithinTolerance(scores.pointer[place]), "\(channels) channels, head \(head), token \(token)"
          )
        }
      }
      #expect(scores.isIntact)
    }
  }

  /// Listed rows score as they do in a pass over all.
  @Test(arguments: InstructionSet.available, [ElementType.f16, .bf16])
  func scoreListed(set: InstructionSet, element: ElementType) throws {
    let kernels = try Kernels(set)
    for (i, channels) in Self.dims.enumerated() {
      let (tokens, heads, count) = (131, 1 + i, [1, 3, 4, 40, 65, 100, 131][i])
      let keys = Stored(element, count: tokens * channels, seed: UInt64(channels))
      var random = SeededRandom(UInt64(channels))
      let queries = Fenced(random.signed(count: heads * channels))
      let list = Fenced(random.distinct(count, below: tokens))
      let (all, scores) = (Fenced<Float>(count: heads * tokens), Fenced<Float>(count: heads * count))
      kernels.decodeScore(
        rows: keys.words.pointer, element: element, tokens: tokens, channels: channels,
        queries: queries.pointer, heads: heads, into: all.pointer, stride: tokens)
      kernels.decodeScore(
        rows: keys.words.pointer, element: element, list: UnsafeBufferPointer(list.buffer),
        channels: channels,
        queries: queries.pointer, heads: heads, into: scores.pointer, stride: count)
      for place in 0..<scores.count {
        let (head, row) = (place / count, Int(list.pointer[place % count]))
        #expect(scores.pointer[place] == all.pointer[head * tokens + row], "\(channels) channels, row \(row)")
      }
      #expect(scores.isIntact)
    }
  }

  @Test(arguments: InstructionSet.available, [ElementType.f16, .bf16])
  func scorePlanes(set: InstructionSet, element: ElementType) throws {
    let kernels = try Kernels(set)
    for (i, tokens) in [1, 31, 32, 33, 77, 128, 1024, 1057].enumerated() {
      let (channels, stride) = (24, (tokens + 31) / 32 * 32)
      let planes = Stored(element, count: channels * stride, seed: UInt64(tokens))
      var random = SeededRandom(UInt64(tokens))
      let heads = 1 + i % 5
      let queries = Fenced(random.signed(count: heads * channels))
      for count in [0, 1, 3, 6, 24] {
        let list = random.distinct(count, below: channels)
        let scores = Fenced<Float>(count: heads * stride)
        kernels.decodeScore(
          planes: planes.words.pointer, planeStride: stride, element: element, tokens: tokens,
          queries: queries.pointer, queryStride: channels, heads: heads, channelList: list,
          into: scores.pointer, stride: stride)
        for (head, token) in (0..<heads).flatMap({ head in (0..<tokens).map { (head, $0) } }) {
          let sum = Sum.chain(
            list.lazy.map {
              (queries.pointer[head * channels + Int($0)], planes.floats[Int($0) * stride + token])
            })
          #expect(
            sum.isWithinTolerance(scores.pointer[head * stride + token]),
            "\(count) channels, head \(head), token \(token)")
        }
        #expect(scores.isIntact)
      }
    }
  }

  @Test(arguments: InstructionSet.available, [ElementType.f16, .bf16])
  func attendRows(set: InstructionSet, element: ElementType) throws {
    let kernels = try Kernels(set)
    for (i, channels) in Self.dims.enumerated() {
      // Up to more than two tiles of tokens.
      let (tokens, heads) = (1 + 25 * i, 7 - i % 7)
      let stride = tokens + i
      let values = Stored(element, count: tokens * channels, seed: UInt64(channels))
      var random = SeededRandom(UInt64(channels))
      let weights = Fenced(random.signed(count: (heads - 1) * stride + tokens))
      let out = Fenced<Float>(count: heads * channels)
      kernels.decodeAttend(
        rows: values.words.pointer, element: element, tokens: tokens, channels: channels,
        weights: weights.pointer, stride: stride, heads: heads, into: out.pointer)
      for place in 0..<out.count {
        let (head, channel) = (place / channels, place % channels)
        let sum = Sum.chain(
          (0..<tokens).lazy.map {
            (weights.pointer[head * stride + $0], values.floats[$0 * channels + channel])
          })
        #expect(
          sum.isWithinTolerance(out.pointer[place]), "\(channels) channels, head \(head), channel \(channel)")
      }
      #expect(out.isIntact)
    }
  }
}
