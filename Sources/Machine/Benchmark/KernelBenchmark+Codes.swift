import Kernels

/// The kernels over few bits, and what chooses by a threshold.
extension KernelBenchmark {
  func codeCases(tokens: Int) -> [Case] {
    [8, 4, 2].map { bits in Case(name: "low-bit score, \(bits) bits") { lowBit(tokens, bits: bits) } }
      + [(4, 16), (8, 16)].map { bits, parts in
        Case(name: "codes, \(parts) of \(bits) bits") { codes(tokens, bits: bits, parts: parts) }
      } + [
        Case(name: "buckets, 60 tables") { buckets(tokens, tables: 60) },
        Case(name: "listed rows, 1 in 4") { listedRows(tokens) },
        Case(name: "top-p, 0.9") { topP(tokens) },
        Case(name: "accumulate") { accumulate(tokens) },
      ]
  }

  private func lowBit(_ tokens: Int, bits: Int) -> Ready {
    let bytes = tokens * LowBitRows.rowBytes(width: headDim, bits: bits)
    let arena = DecodeArena(self, tokens: tokens, wordsPerGroup: bytes / 2)
    let queries = kernels.roundQueries(arena.queries.pointer, width: headDim, heads: heads)
    return ready(arena, bytes: bytes, operations: 2 * heads * tokens * headDim) { thread, call in
      let rows = LowBitRows(arena.bytes(thread, call), bits: bits, width: headDim, count: tokens)
      kernels.decodeScore(rows, queries: queries, into: arena.scores(thread), stride: arena.stride)
    }
  }

  private func codes(_ tokens: Int, bits: Int, parts: Int) -> Ready {
    let bytes = CodeRows.byteCount(bits: bits, subspaces: parts, tokens: tokens)
    let arena = DecodeArena(self, tokens: tokens, wordsPerGroup: bytes / 2)
    let products = BenchmarkNumbers.normal(heads * parts << max(bits, 4))
    let tables = kernels.codeTables(products.pointer, bits: bits, subspaces: parts, heads: heads)
    return ready(arena, bytes: bytes, operations: heads * tokens * parts) { thread, call in
      let rows = CodeRows(arena.bytes(thread, call), bits: bits, subspaces: parts, tokens: tokens)
      kernels.decodeScore(rows, tables: tables, into: arena.scores(thread), stride: arena.stride)
    }
  }

  private func buckets(_ tokens: Int, tables: Int) -> Ready {
    let arena = DecodeArena(self, tokens: tokens, wordsPerGroup: tables * tokens)
    let queries = (0..<heads * tables).map { UInt16(truncatingIfNeeded: 0x3000 + $0) }
    return ready(arena, bytes: 2 * tables * tokens, operations: heads * tables * tokens) { thread, call in
      let counts = UnsafeMutableRawPointer(arena.scores(thread)).assumingMemoryBound(to: UInt8.self)
      kernels.decodeMatch(
        buckets: arena.group(thread, call), bucketStride: tokens, tables: tables, tokens: tokens,
        queries: queries, heads: heads, into: counts, stride: arena.stride)
    }
  }

  private func listedRows(_ tokens: Int) -> Ready {
    let k = max(1, tokens / 4)
    let list = BenchmarkNumbers.chosen(k, of: tokens, seed: 5)
    let lines = (headDim * 2 + 63) / 64 * 64
    let arena = DecodeArena(
      self, tokens: tokens, wordsPerGroup: tokens * headDim, wordsRead: k * lines / 2)
    return ready(arena, bytes: k * lines, operations: 2 * heads * k * headDim) { thread, call in
      list.withUnsafeBufferPointer {
        kernels.decodeScore(
          rows: arena.group(thread, call), element: element, list: $0, channels: headDim,
          queries: arena.queries.pointer, heads: heads, into: arena.scores(thread), stride: arena.stride)
      }
    }
  }

  private func topP(_ tokens: Int) -> Ready {
    let scores = BenchmarkNumbers.normal(tokens)
    let own = (0..<roofline.threads).map { _ in
      (FloatBuffer(count: Kernels.topPScratch(tokens: tokens)), FloatBuffer(count: tokens))
    }
    return Ready(
      call: "query head", heads: 1, bytes: tokens * 4, operations: 0, calls: 32,
      bytesPerSecond: roofline.readBytesPerSecond(workingSetBytes: tokens * 4)
    ) { thread, _ in
      let list = UnsafeMutableRawPointer(own[thread].1.pointer).assumingMemoryBound(to: Int32.self)
      _ = kernels.decodeTopP(
        UnsafeBufferPointer(scores.values), scale: 1, share: 0.9, into: .init(start: list, count: tokens),
        scratch: own[thread].0)
    }
  }

  private func accumulate(_ tokens: Int) -> Ready {
    let arena = DecodeArena(self, tokens: tokens, wordsPerGroup: 2 * tokens)
    return ready(arena, bytes: 8 * tokens, operations: heads * tokens) { thread, call in
      let state = UnsafeMutableRawPointer(arena.group(thread, call)).assumingMemoryBound(to: Float.self)
      kernels.decodeAccumulate(
        rows: arena.scores(thread), stride: arena.stride, heads: heads, tokens: tokens, into: state)
    }
  }

  /// A call that serves a KV group from memory that no cache holds.
  private func ready(
    _ arena: DecodeArena, bytes: Int, operations: Int, _ body: @escaping @Sendable (Int, Int) -> Void
  ) -> Ready {
    Ready(
      call: "KV group", heads: heads, bytes: bytes, operations: operations, calls: arena.groupsPerThread,
      bytesPerSecond: roofline.memory.median, body: body)
  }
}
