import Kernels
import Testing

@Suite struct DecodeBucketsTests {
  @Test(arguments: InstructionSet.available)
  func matches(set: InstructionSet) throws {
    let kernels = try Kernels(set)
    for (i, tables) in [1, 3, 4, 7, 60, 255].enumerated() {
      let (tokens, heads) = ([1, 15, 33, 64, 1030, 100][i], 1 + i % 4)
      let (bucketStride, stride) = (tokens + i, tokens + 2 * i)
      var random = SeededRandom(UInt64(tables))
      let buckets = Fenced(
        (0..<(tables - 1) * bucketStride + tokens).map { _ in UInt16(65532 + random.below(4)) })
      let queries = Fenced((0..<heads * tables).map { _ in UInt16(65532 + random.below(4)) })
      let counts = Fenced<UInt8>(count: (heads - 1) * stride + tokens)
      kernels.decodeMatch(
        buckets: buckets.pointer, bucketStride: bucketStride, tables: tables, tokens: tokens,
        queries: queries.pointer, heads: heads, into: counts.pointer, stride: stride)
      for head in 0..<heads {
        let expected = (0..<tokens).map { token in
          (0..<tables).count {
            buckets.pointer[$0 * bucketStride + token] == queries.pointer[head * tables + $0]
          }
        }
        let row = UnsafeBufferPointer(start: counts.pointer + head * stride, count: tokens)
        #expect(row.map(Int.init) == expected, "\(tables) tables, head \(head)")
        let least = expected.sorted()[tokens / 2]
        let out = Fenced<Int32>(count: tokens)
        let found = kernels.decodeCollect(row, atLeast: UInt8(least), into: out.buffer)
        #expect(out.elements.prefix(found).map(Int.init) == expected.indices.filter { expected[$0] >= least })
        #expect(out.isIntact)
      }
      #expect(counts.isIntact)
    }
  }

  /// Every table agrees: a byte holds the most that may be counted.
  @Test(arguments: InstructionSet.available)
  func fullCounts(set: InstructionSet) throws {
    let kernels = try Kernels(set)
    let (tables, tokens) = (Kernels.maximumTables, 35)
    let buckets = Fenced([UInt16](repeating: 7, count: tables * tokens))
    let queries = Fenced([UInt16](repeating: 7, count: tables))
    let counts = Fenced<UInt8>(count: tokens)
    kernels.decodeMatch(
      buckets: buckets.pointer, bucketStride: tokens, tables: tables, tokens: tokens,
      queries: queries.pointer,
      heads: 1, into: counts.pointer, stride: tokens)
    #expect(counts.elements.allSatisfy { $0 == 255 })
  }
}
