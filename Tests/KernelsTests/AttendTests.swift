import Attention
import Testing

@testable import Kernels

/// `attend` and `gatherAttend`: per channel, and for the weights' own sum, a chain of fused multiply-adds per tile of 256 tokens,
/// the tiles' sums added in ascending order.
@Suite struct AttendTests {
  struct Shape: CustomTestStringConvertible {
    let channels: Int
    let tokens: Int
    let rows: Int
    var element = ElementType.f16

    var testDescription: String { "\(rows) rows × \(tokens) tokens × \(channels) channels, \(element)" }
  }

  static let shapes = [
    Shape(channels: 8, tokens: 1, rows: 1), Shape(channels: 64, tokens: 255, rows: 7, element: .bf16),
    Shape(channels: 80, tokens: 257, rows: 6), Shape(channels: 96, tokens: 300, rows: 5, element: .f32),
    Shape(channels: 128, tokens: 513, rows: 4), Shape(channels: 256, tokens: 256, rows: 3),
    Shape(channels: 20, tokens: 700, rows: 13), Shape(channels: 1, tokens: 5, rows: 12),
    Shape(channels: 128, tokens: 2, rows: 25, element: .bf16),
  ]

  /// Each row sees a range of its own, as steps do under a sliding window; the rest of it is not read.
  @Test(arguments: shapes) func visibleTokens(shape: Shape) throws {
    let stride = shape.tokens + 5
    let (scores, stored) = Self.inputs(shape, weights: (shape.rows - 1) * stride + shape.tokens)
    let visible = (0..<shape.rows).map { row in
      let start = row % 3 == 2 ? shape.tokens / 2 : 0
      return start..<max(start + 1, shape.tokens - row)
    }
    let scale: Float = 1.5
    let weights = try Self.weights(scores, stride, visible, scale)
    let expected = Self.sums(shape) { row, channel in
      Sum.tiled(visible[row]) { (weights[row][$0], stored.floats[$0 * shape.channels + channel]) }
    }
    let totals = (0..<shape.rows).map { row in Sum.tiled(visible[row]) { (weights[row][$0], 1) } }
    for set in InstructionSet.available {
      let kernels = try Kernels(set)
      let values = Self.pack(stored, shape, kernels)
      let out = Fenced<Float>(count: shape.rows * values.paddedChannels)
      let sums = Fenced<Float>(count: shape.rows)
      kernels.attend(
        scores: scores.pointer, stride: stride, visible: visible,
        offsets: Self.largest(scores, stride, visible), scale: scale, values: values, into: out.pointer,
        sums: sums.pointer)
      #expect(sums.elements == totals.map(\.ordered), "\(set)")
      #expect(zip(totals, sums.elements).allSatisfy { $0.isWithinTolerance($1) }, "\(set)")
      #expect(sums.isIntact)
      Self.compare(out, expected, shape, set)
    }
  }

  /// 2^-24 beside 1 is lost in one chain, and kept where the small ones are summed in a tile of their own.
  @Test(arguments: InstructionSet.available) func tilesAreSummedApart(set: InstructionSet) throws {
    let shape = Shape(channels: 1, tokens: 512, rows: 1)
    let kernels = try Kernels(set)
    let values = Self.pack(Stored(.f16, count: 512, seed: 1), shape, kernels)
    var scores = [Float](repeating: -200, count: 512)
    scores[0] = 0
    let small: Float = -16.635532
    for token in 256..<260 { scores[token] = small }
    let weight = Self.weight(kernels, small, offset: 0, scale: 1)
    var out = [Float](repeating: 0, count: 16)
    var sum: Float = 0
    kernels.attend(
      scores: scores, stride: 512, visible: [0..<512], offsets: [0], scale: 1, values: values, into: &out,
      sums: &sum)
    #expect(1 + weight == 1)
    #expect(sum == 1 + (weight + weight + weight + weight))
    #expect(sum > 1)
  }

  @Test(arguments: shapes) func listedTokens(shape: Shape) throws {
    let (weights, stored) = Self.inputs(shape, weights: shape.tokens)
    var random = SeededRandom(9)
    for count in Set([1, shape.tokens / 7 + 1, shape.tokens]) {
      let list = Fenced(random.distinct(count, below: shape.tokens).sorted())
      let tokens = list.elements.map(Int.init)
      // A weight for each listed token.
      let weight = Dictionary(uniqueKeysWithValues: tokens.enumerated().map { ($1, weights.pointer[$0]) })
      let expected = (0..<shape.channels).map { channel in
        Sum.tiled(tokens) { (weight[$0] ?? .nan, stored.floats[$0 * shape.channels + channel]) }
      }
      let total = Sum.tiled(tokens) { (weight[$0] ?? .nan, 1) }
      for set in InstructionSet.available {
        let kernels = try Kernels(set)
        let values = Self.pack(stored, shape, kernels)
        let out = Fenced<Float>(count: values.paddedChannels)
        let sum = kernels.gatherAttend(
          weights: weights.pointer, tokens: UnsafeBufferPointer(list.buffer), values: values,
          into: out.pointer)
        #expect(sum.bitPattern == total.ordered.bitPattern, "\(set)")
        #expect(total.isWithinTolerance(sum), "\(set)")
        Self.compare(out, expected, Shape(channels: shape.channels, tokens: shape.tokens, rows: 1), set)
      }
    }
  }

  @Test(arguments: InstructionSet.available) func noTokensGiveZeros(set: InstructionSet) throws {
    let shape = Shape(channels: 20, tokens: 3, rows: 1)
    let (weights, stored) = Self.inputs(shape, weights: 3)
    let kernels = try Kernels(set)
    let out = Fenced<Float>(count: 32)
    let sum = kernels.gatherAttend(
      weights: weights.pointer, tokens: UnsafeBufferPointer(start: nil, count: 0),
      values: Self.pack(stored, shape, kernels), into: out.pointer)
    #expect(sum == 0)
    #expect(out.elements.allSatisfy { $0 == 0 })
  }

  private static func inputs(_ shape: Shape, weights: Int) -> (Fenced<Float>, Stored) {
    var random = SeededRandom(UInt64(shape.channels * 1000 + shape.rows))
    return (
      Fenced(random.signed(count: weights)),
      Stored(shape.element, count: shape.tokens * shape.channels, seed: UInt64(shape.tokens))
    )
  }

  private static func largest(_ scores: Fenced<Float>, _ stride: Int, _ visible: [Range<Int>]) -> [Float] {
    visible.enumerated().map { row, range in range.map { scores.pointer[row * stride + $0] }.max() ?? 0 }
  }

  /// By the exponential kernel, which has tests of its own; zero where a row sees nothing.
  private static func weights(
    _ scores: Fenced<Float>, _ stride: Int, _ visible: [Range<Int>], _ scale: Float
  ) throws -> [[Float]] {
    let kernels = try Kernels(.portable)
    let offsets = largest(scores, stride, visible)
    return visible.enumerated().map { row, range in
      var result = [Float](repeating: 0, count: range.upperBound)
      for token in range {
        result[token] = weight(
          kernels, scores.pointer[row * stride + token], offset: offsets[row], scale: scale)
      }
      return result
    }
  }

  private static func weight(_ kernels: Kernels, _ score: Float, offset: Float, scale: Float) -> Float {
    var result: Float = 0
    [score].withUnsafeBufferPointer { kernels.exponentials($0, offset: offset, scale: scale, into: &result) }
    return result
  }

  private static func pack(_ stored: Stored, _ shape: Shape, _ kernels: Kernels) -> ValueTiles {
    kernels.packValues(
      stored.bytes.raw, element: shape.element, tokens: shape.tokens, channels: shape.channels)
  }

  private static func sums(_ shape: Shape, _ sum: (Int, Int) -> Sum) -> [Sum] {
    (0..<shape.rows).flatMap { row in (0..<shape.channels).map { sum(row, $0) } }
  }

  /// Channels that pad the last strip are zero, and nothing else is written.
  private static func compare(_ out: Fenced<Float>, _ expected: [Sum], _ shape: Shape, _ set: InstructionSet)
  {
    let padded = ValueTiles.paddedChannels(shape.channels)
    var wrong = 0
    for place in 0..<out.count {
      let (row, channel) = (place / padded, place % padded)
      let found = out.pointer[place]
      if channel >= shape.channels {
        wrong += found == 0 ? 0 : 1
      } else {
        let sum = expected[row * shape.channels + channel]
        wrong += found.bitPattern == sum.ordered.bitPattern && sum.isWithinTolerance(found) ? 0 : 1
      }
    }
    #expect(wrong == 0, "\(set)")
    #expect(out.isIntact)
  }
}
