import Kernels

/// Attention of one decode step in one pass: over everything, over pages, and over a list that heads share.
extension KernelBenchmark {
  func attentionCases(tokens: Int) -> [Case] {
    let k = max(1, min(1024, tokens))
    return [
      Case(name: "dense attention") { attention(tokens, heads: heads, runs: [0..<tokens]) },
      Case(name: "dense attention, one head") { attention(tokens, heads: 1, runs: [0..<tokens]) },
      Case(name: "attention over pages of 16, k = \(k)") {
        attention(tokens, heads: 1, runs: Self.pages(k / 16, of: 16, tokens))
      },
      Case(name: "attention over a group's list, k = \(k)") { listed(tokens, k) },
    ]
  }

  /// Pages spread at random, ascending.
  private static func pages(_ count: Int, of size: Int, _ tokens: Int) -> [Range<Int>] {
    BenchmarkNumbers.chosen(max(1, count), of: tokens / size, seed: 7).map {
      Int($0) * size..<(Int($0) + 1) * size
    }
  }

  private func attention(_ tokens: Int, heads: Int, runs: [Range<Int>]) -> Ready {
    let rows = runs.reduce(0) { $0 + $1.count }
    let list = TokenRuns(runs)
    return attend(tokens, rows: rows, heads: heads) { cache, queries, part in
      kernels.decodeAttend(cache, list, queries, into: part)
    }
  }

  private func listed(_ tokens: Int, _ k: Int) -> Ready {
    let list = BenchmarkNumbers.chosen(k, of: tokens, seed: 3)
    return attend(tokens, rows: k, heads: heads) { cache, queries, part in
      list.withUnsafeBufferPointer { kernels.decodeAttend(cache, tokens: $0, queries, into: part) }
    }
  }

  private func attend(
    _ tokens: Int, rows: Int, heads: Int,
    _ body: @escaping @Sendable (DecodeCache, DecodeQueries, PartialAttention) -> Void
  ) -> Ready {
    let half = tokens * headDim
    let lines = rows == tokens ? headDim * 2 : (headDim * 2 + 63) / 64 * 64
    let arena = DecodeArena(
      self, tokens: tokens, wordsPerGroup: 2 * half, wordsRead: rows * lines, sharing: heads)
    return Ready(
      call: heads == 1 ? "query head" : "KV group", heads: heads, bytes: 2 * rows * lines,
      operations: 4 * heads * rows * headDim, calls: arena.groupsPerThread,
      bytesPerSecond: roofline.memory.median
    ) { thread, call in
      let group = arena.group(thread, call)
      let part = arena.part(thread)
      let cache = DecodeCache(
        keys: group, values: group + half, element: element, tokens: tokens, channels: headDim,
        valueChannels: headDim)
      body(cache, DecodeQueries(arena.queries.pointer, heads: heads, scale: 0.1), part)
      kernels.decodeMerge([part], into: arena.out(thread))
    }
  }
}
