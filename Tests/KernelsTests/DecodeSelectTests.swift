import Kernels
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct DecodeSelectTests {
  static let counts = [1, 3, 16, 33, 257, 1000]

  @Test(arguments: InstructionSet.available)
  func sums(set: InstructionSet) throws {
    let kernels = try Kernels(set)
    for (i, tokens) in Self.counts.enumerated() {
      let (heads, stride) = (1 + i, tokens + i)
      var random = SeededRandom(UInt64(tokens))
      let rows = Fenced(random.signed(count: (heads - 1) * stride + tokens))
      let before = random.signed(count: tokens)
      let (out, state) = (Fenced<Float>(count: tokens), Fenced(before))
      kernels.decodeSum(rows: rows.pointer, stride: stride, heads: heads, tokens: tokens, into: out.pointer)
      kernels.decodeAccumulate(
        rows: rows.pointer, stride: stride, heads: heads, tokens: tokens, into: state.pointer)
      for token in 0..<tokens {
        let column = (0..<heads).map { (Float(1), rows.pointer[$0 * stride + token]) }
        #expect(Sum.chain(column).isWithinTolerance(out.pointer[token]))
        #expect(Sum.chain(column + [(1, before[token])]).isWithinTolerance(state.pointer[token]))
      }
      #expect(out.isIntact && state.isIntact)
    }
  }

  @Test(arguments: InstructionSet.available)
  func above(set: InstructionSet) throws {
    let kernels = try Kernels(set)
    for count in Self.counts {
      var random = SeededRandom(UInt64(count))
      let scores = Fenced(random.signed(count: count))
      for least in [-2, scores.elements.sorted()[count / 2], 0.9, 2] {
        let out = Fenced<Int32>(count: count)
        let found = kernels.decodeAbove(UnsafeBufferPointer(scores.buffer), least: least, into: out.buffer)
        let expected = (0..<count).filter { scores.pointer[$0] >= least }
        #expect(out.elements.prefix(found).map(Int.init) == expected)
        #expect(out.isIntact)
      }
    }
  }

  /// The set holds the largest weights, reaches the share, and would not without its smallest.
  @Test(arguments: InstructionSet.available, [Float(0.1), 0.5, 0.9, 0.99, 1])
  func topP(set: InstructionSet, share: Float) throws {
    let kernels = try Kernels(set)
    /// Of the share: sums of up to 1,000 weights in 32 bits, each off by its exponential's 1.26 ulp and its logit's rounding.
    let tolerance = 1e-4
    for count in Self.counts {
      for scale: Float in [0.1, 4, 30] {
        var random = SeededRandom(UInt64(count))
        let scores = Fenced(random.signed(count: count))
        let out = Fenced<Int32>(count: count)
        let found = kernels.decodeTopP(
          UnsafeBufferPointer(scores.buffer), scale: scale, share: share, into: out.buffer,
          scratch: FloatBuffer(count: Kernels.topPScratch(tokens: count)))
        let weights = scores.elements.map { exp(Double(scale) * Double($0)) }
        let total = weights.reduce(0, +)
        let chosen = out.elements.prefix(found).map(Int.init)
        #expect(chosen == chosen.sorted() && Set(chosen).count == found)
        let largest = weights.indices.sorted { weights[$0] > weights[$1] }.prefix(found)
        #expect(Set(chosen) == Set(largest))
        let reached = chosen.reduce(0) { $0 + weights[$1] } / total
        #expect(reached >= Double(share) - tolerance, "\(count) tokens at scale \(scale)")
        let smallest = chosen.map { weights[$0] }.min() ?? 0
        #expect(reached - smallest / total <= Double(share) + tolerance, "\(count) tokens at scale \(scale)")
        #expect(out.isIntact)
      }
    }
  }

  /// Equal weights are chosen together.
  @Test(arguments: InstructionSet.available)
  func ties(set: InstructionSet) throws {
    let kernels = try Kernels(set)
    let scores = Fenced<Float>([1, 3, 1, 3, 1, 1, 1, 1, 1, 1])
    let out = Fenced<Int32>(count: scores.count)
    for (share, expected): (Float, [Int32]) in [(0.3, [1, 3]), (0.64, [1, 3]), (0.66, Array(0..<10))] {
      let found = kernels.decodeTopP(
        UnsafeBufferPointer(scores.buffer), scale: 1, share: share, into: out.buffer,
        scratch: FloatBuffer(count: Kernels.topPScratch(tokens: scores.count)))
      #expect(Array(out.elements.prefix(found)) == expected, "a share of \(share)")
    }
  }
}
