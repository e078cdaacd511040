import Testing

@testable import Kernels

/// `attend` and `gatherAttend`: per channel, a chain of fused multiply-adds per tile of 256 tokens,
/// the tiles' sums added in ascending order.
@Suite struct AttendTests {
  struct Shape: CustomTestStringConvertible {
    let channels: Int
    let tokens: Int
    let rows: Int
    var element = Element.f16

    var testDescription: String { "\(rows) rows × \(tokens) tokens × \(channels) channels, \(element)" }
  }

  static let shapes = [
    Shape(channels: 8, tokens: 1, rows: 1), Shape(channels: 64, tokens: 255, rows: 7, element: .bf16),
    Shape(channels: 80, tokens: 257, rows: 6), Shape(channels: 96, tokens: 300, rows: 5, element: .f32),
    Shape(channels: 128, tokens: 513, rows: 4), Shape(channels: 256, tokens: 256, rows: 3),
    Shape(channels: 20, tokens: 700, rows: 13), Shape(channels: 1, tokens: 5, rows: 12),
    Shape(channels: 128, tokens: 2, rows: 25, element: .bf16),
  ]

  @Test(arguments: shapes) func allTokens(shape: Shape) throws {
    // Fewer tokens than were packed, as an earlier step sees them, and a stride past them.
    for tokens in Set([shape.tokens, shape.tokens * 2 / 3]) {
      let stride = shape.tokens + 5
      let (weights, stored) = Self.inputs(shape, weights: (shape.rows - 1) * stride + tokens)
      let expected = Self.sums(shape) { row, channel in
        Sum.tiled(0..<tokens) {
          (weights.pointer[row * stride + $0], stored.floats[$0 * shape.channels + channel])
        }
      }
      for set in InstructionSet.available {
        let kernels = try Kernels(set)
        let values = Self.pack(stored, shape, kernels)
        let out = Fenced<Float>(count: shape.rows * values.paddedChannels)
        kernels.attend(
          weights: weights.pointer, stride: stride, rows: shape.rows, values: values, tokens: tokens,
          into: out.pointer)
        Self.compare(out, expected, shape, set)
      }
    }
  }

  @Test(arguments: shapes) func listedTokens(shape: Shape) throws {
    let (weights, stored) = Self.inputs(shape, weights: shape.tokens)
    var random = SeededRandom(9)
    for count in Set([1, shape.tokens / 7 + 1, shape.tokens]) {
      let list = Fenced(random.distinct(count, below: shape.tokens).sorted())
      let tokens = list.elements.map(Int.init)
      let expected = (0..<shape.channels).map { channel in
        Sum.tiled(tokens) { (weights.pointer[$0], stored.floats[$0 * shape.channels + channel]) }
      }
      let total = Sum.tiled(tokens) { (weights.pointer[$0], 1) }
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
