import Attention
import Kernels
import Testing

@testable import Machine

@Suite struct KernelBenchmarkTests {
  private func benchmark(threads: Int) throws -> KernelBenchmark {
    var benchmark = KernelBenchmark(
      kernels: try Kernels(), roofline: RooflineTests.roofline(threads: threads))
    benchmark.headDim = 24
    benchmark.heads = 5
    return benchmark
  }

  /// What a call moves and does, counted by hand for 4 query heads of 24 channels over 160 tokens.
  @Test func bytesAndOperationsAreThoseOfTheCall() throws {
    let benchmark = try benchmark(threads: 1)
    let cases = benchmark.cases(tokens: 160).map {
      (name: $0.name, ready: $0.ready())
    }
    // Each can be called, the first time and the last of a round.
    for (_, ready) in cases { for call in Set([0, ready.calls - 1]) { ready.body(0, call) } }
    func ready(_ name: String) throws -> KernelBenchmark.Ready {
      try #require(cases.first { $0.name == name }?.ready)
    }
    let dense = try ready("dense score")
    #expect(dense.bytes == 160 * 24 * 2 && dense.operations == 2 * 5 * 160 * 24)
    let packed = try ready("partial score, packed")
    #expect(packed.bytes == 160 * 6 * 2 && packed.operations == 2 * 160 * 6)
    let planes = try ready("partial score, planes")
    #expect(planes.bytes == packed.bytes)
    // 10 pages, in planes of 32: 48 values of 2 bytes a page.
    #expect(try ready("page bounds, page 16").bytes == 32 * 48 * 2)
    // k = 30 rows of 48 bytes, a line each, of keys and of values.
    #expect(try ready("gather and attend, k = 19 %").bytes == 2 * 30 * 64)
    #expect(try ready("top-k, k = 256").bytes == 160 * 4)
    // Keys and values, once for all heads.
    let attention = try ready("dense attention")
    #expect(attention.bytes == 2 * 160 * 48 && attention.operations == 4 * 5 * 160 * 24)
    // 10 pages of 16 rows, of which 10 are asked for.
    #expect(try ready("attention over pages of 16, k = 160").bytes == 2 * 160 * 48)
    // 24 numbers of 4 bits, a scale and an offset.
    #expect(try ready("low-bit score, 4 bits").bytes == 160 * 16)
    // 5 blocks of 32 tokens.
    #expect(try ready("codes, 16 of 4 bits").bytes == 160 * 8)
    #expect(try ready("buckets, 60 tables").bytes == 160 * 120)
    #expect(!cases.map(\.name).contains("gather and attend, k = 1024"))
  }

  @Test func everyKernelHasACaseAtEveryLength() throws {
    let benchmark = try benchmark(threads: 1)
    // At 64 tokens there are neither 256 nor 1,024 to gather.
    #expect(benchmark.names(tokens: 64).count == 25)
    #expect(benchmark.names(tokens: 2048).count == 27)
    #expect(Set(benchmark.names(tokens: 2048)).count == 27)
  }

  @Test func gatheredTokensAreDistinctAscendingAndSpread() {
    for seed in 1...20 {
      let tokens = BenchmarkNumbers.chosen(50, of: 1000, seed: UInt64(seed))
      #expect(tokens.count == 50 && Set(tokens).count == 50 && tokens == tokens.sorted())
      #expect(tokens[0] < 200 && tokens[49] >= 800)
    }
    #expect(BenchmarkNumbers.chosen(7, of: 7, seed: 1) == Array(0..<7))
  }

  @Test(arguments: [ElementType.f16, .bf16]) func halvesAreOrdinaryNumbers(element: ElementType) throws {
    let halves = BenchmarkNumbers.halves(1000, element: element)
    var wide = [Float](repeating: 0, count: 1000)
    try wide.withUnsafeMutableBufferPointer {
      try Kernels().widen(UnsafeRawBufferPointer(halves.values), element: element, into: $0)
    }
    #expect(wide.allSatisfy { (0.0625...1).contains($0.magnitude) })
    #expect(Set(wide).count > 50)
  }
}
