import Attention
import Testing

@testable import Kernels

/// `score`: one chain of fused multiply-adds per row and token, over the channels in the list's order.
@Suite struct ScoreTests {
  struct Shape: CustomTestStringConvertible {
    let channels: Int
    let tokens: Int
    let rows: Int
    var element = ElementType.f16

    var testDescription: String { "\(rows) rows × \(tokens) tokens × \(channels) channels, \(element)" }
  }

  static let shapes = [
    Shape(channels: 8, tokens: 1, rows: 1), Shape(channels: 64, tokens: 17, rows: 7, element: .bf16),
    Shape(channels: 80, tokens: 33, rows: 13), Shape(channels: 96, tokens: 300, rows: 5, element: .f32),
    Shape(channels: 128, tokens: 257, rows: 12), Shape(channels: 256, tokens: 100, rows: 25),
    Shape(channels: 64, tokens: 531, rows: 6), Shape(channels: 1, tokens: 16, rows: 2),
    Shape(channels: 3, tokens: 50, rows: 4), Shape(channels: 128, tokens: 1, rows: 14, element: .bf16),
  ]

  let queries: Fenced<Float>
  let stored: Stored
  let shape: Shape

  init(_ shape: Shape = Shape(channels: 8, tokens: 1, rows: 1)) {
    var random = SeededRandom(UInt64(shape.channels * 1000 + shape.rows))
    queries = Fenced(random.signed(count: shape.rows * shape.channels))
    stored = Stored(shape.element, count: shape.tokens * shape.channels, seed: UInt64(shape.tokens))
    self.shape = shape
  }

  @Test(arguments: shapes) func allChannels(shape: Shape) throws {
    let list = (0..<Int32(shape.channels)).map { $0 }
    try ScoreTests(shape).check(list, tokens: 0..<shape.tokens, strides: [0, 16, 48])
  }

  @Test(arguments: shapes) func listedChannelsInTheListsOrder(shape: Shape) throws {
    var random = SeededRandom(7)
    for count in [0, 1, shape.channels / 4, shape.channels - 1] {
      let list = random.distinct(count, below: shape.channels)
      try ScoreTests(shape).check(list, tokens: 0..<shape.tokens, strides: [0])
    }
  }

  @Test(arguments: [0..<531, 5..<6, 16..<32, 17..<531, 100..<117, 240..<300, 530..<531, 32..<32])
  func onlyThePanelsThatHoldTheTokensAreWritten(tokens: Range<Int>) throws {
    try ScoreTests(Shape(channels: 64, tokens: 531, rows: 6)).check(
      [3, 1, 63, 20], tokens: tokens, strides: [0, 32])
  }

  private func check(_ list: [Int32], tokens: Range<Int>, strides: [Int]) throws {
    let expected = sums(list)
    let columns = tokens.lowerBound / 16 * 16..<(tokens.upperBound + 15) / 16 * 16
    for set in InstructionSet.available {
      let kernels = try Kernels(set)
      let keys = kernels.packKeys(
        stored.bytes.raw, element: shape.element, tokens: shape.tokens, channels: shape.channels)
      for extra in strides {
        let stride = columns.upperBound + extra
        let out = Fenced<Float>(count: max(0, (shape.rows - 1) * stride + columns.upperBound))
        kernels.score(
          queries: queries.pointer, rows: shape.rows, keys: keys, channelList: list, tokens: tokens,
          into: out.pointer, stride: stride)
        #expect(out.isIntact)
        compare(out, expected, columns: columns, stride: stride, set)
      }
    }
  }

  private func compare(
    _ out: Fenced<Float>, _ expected: [Sum], columns: Range<Int>, stride: Int, _ set: InstructionSet
  ) {
    var wrong = 0
    for place in 0..<out.count {
      let (row, token) = (place / stride, place % stride)
      if !columns.contains(token) {
        wrong += out.isUntouched(place) ? 0 : 1
      } else if token >= shape.tokens {
        wrong += out.pointer[place] == 0 ? 0 : 1
      } else {
        let sum = expected[row * shape.tokens + token]
        let same = out.pointer[place].bitPattern == sum.ordered.bitPattern
        wrong += same && sum.isWithinTolerance(out.pointer[place]) ? 0 : 1
      }
    }
    #expect(wrong == 0, "\(set)")
  }

  private func sums(_ list: [Int32]) -> [Sum] {
    (0..<shape.rows * shape.tokens).map { place in
      let (row, token) = (place / shape.tokens * shape.channels, place % shape.tokens * shape.channels)
      return Sum.chain(list.lazy.map { (queries.pointer[row + Int($0)], stored.floats[token + Int($0)]) })
    }
  }
}
