import Kernels

extension KernelBenchmark {
  /// The kernels of one decode step, on caches that no cache holds.
  func decodeCases(tokens: Int) -> [Case] {
    let quarter = max(1, headDim / 4)
    // Every fourth pair of channels, as a head's dominant chunks lie among the others.
    let scattered = (0..<Int32(headDim)).filter { $0 % 8 < 2 }
    let gathers: [(String, Int)] = [("256", 256), ("1024", 1024), ("19 %", tokens * 19 / 100)]
    return [
      Case(name: "dense score") { denseScore(tokens) },
      Case(name: "dense score, one head") { denseScore(tokens, heads: 1) },
      Case(name: "partial score, packed") {
        planes(tokens, planes: quarter, list: (0..<Int32(quarter)).map { $0 })
      },
      Case(name: "partial score, planes") { planes(tokens, planes: headDim, list: scattered) },
      Case(name: "page bounds, page 16") { pageBounds(tokens) },
      Case(name: "dense attend") { denseAttend(tokens) },
      Case(name: "append to planes") { append(tokens) },
    ]
      + gathers.filter { $0.1 <= tokens && $0.1 > 0 }.map { name, k in
        Case(name: "gather and attend, k = \(name)") { gather(tokens, k) }
      }
  }

  private func denseScore(_ tokens: Int, heads: Int? = nil) -> Ready {
    let heads = heads ?? self.heads
    let arena = DecodeArena(self, tokens: tokens, wordsPerGroup: tokens * headDim)
    return Ready(
      call: heads == 1 ? "query head" : "KV group", heads: heads, bytes: tokens * headDim * 2,
      operations: 2 * heads * tokens * headDim, calls: arena.groupsPerThread,
      bytesPerSecond: roofline.memory.median
    ) { thread, call in
      kernels.decodeScore(
        rows: arena.group(thread, call), element: element, tokens: tokens, channels: headDim,
        queries: arena.queries.pointer, heads: heads, into: arena.scores(thread), stride: arena.stride)
    }
  }

  private func planes(_ tokens: Int, planes: Int, list: [Int32]) -> Ready {
    let stride = (tokens + 31) / 32 * 32
    let arena = DecodeArena(
      self, tokens: tokens, wordsPerGroup: stride * planes, wordsRead: stride * list.count)
    return Ready(
      call: "query head", heads: 1, bytes: tokens * list.count * 2, operations: 2 * tokens * list.count,
      calls: arena.groupsPerThread, bytesPerSecond: roofline.memory.median
    ) { thread, call in
      kernels.decodeScore(
        planes: arena.group(thread, call), planeStride: stride, element: element, tokens: tokens,
        queries: arena.queries.pointer, channelList: list, into: arena.scores(thread))
    }
  }

  /// Quest's bound, Σ max(q·min, q·max), is a product with 2d planes of pages, for all heads of a group in one pass.
  private func pageBounds(_ tokens: Int) -> Ready {
    let pages = (tokens / 16 + 31) / 32 * 32
    let list = (0..<Int32(2 * headDim)).map { $0 }
    let arena = DecodeArena(self, tokens: tokens, wordsPerGroup: pages * 2 * headDim)
    return Ready(
      call: "KV group", heads: heads, bytes: pages * 2 * headDim * 2,
      operations: 4 * heads * pages * headDim, calls: arena.groupsPerThread,
      bytesPerSecond: roofline.memory.median
    ) { thread, call in
      kernels.decodeScore(
        planes: arena.group(thread, call), planeStride: pages, element: element, tokens: pages,
        queries: arena.queries.pointer, queryStride: 2 * headDim, heads: heads, channelList: list,
        into: arena.scores(thread), stride: arena.stride)
    }
  }

  private func denseAttend(_ tokens: Int) -> Ready {
    let arena = DecodeArena(self, tokens: tokens, wordsPerGroup: tokens * headDim)
    return Ready(
      call: "KV group", heads: heads, bytes: tokens * headDim * 2, operations: 2 * heads * tokens * headDim,
      calls: arena.groupsPerThread, bytesPerSecond: roofline.memory.median
    ) { thread, call in
      kernels.decodeAttend(
        rows: arena.group(thread, call), element: element, tokens: tokens, channels: headDim,
        weights: arena.scores(thread), stride: arena.stride, heads: heads, into: arena.out(thread))
    }
  }

  /// What one new token costs a cache of planes: a store to every plane, each a line of its own.
  private func append(_ tokens: Int) -> Ready {
    let arena = DecodeArena(self, tokens: tokens, wordsPerGroup: tokens * headDim)
    let perGroup = max(1, 4096 / arena.groupsPerThread)
    return Ready(
      call: "token", heads: 1, bytes: headDim * 64, operations: 0, calls: arena.groupsPerThread * perGroup,
      bytesPerSecond: roofline.memory.median
    ) { thread, call in
      let planes = arena.group(thread, call % arena.groupsPerThread)
      // Far from the last token that was written: a decoder comes back after a whole step.
      let token = call / arena.groupsPerThread * 64 % tokens
      for channel in 0..<headDim { planes[channel * tokens + token] = UInt16(truncatingIfNeeded: channel) }
    }
  }

  private func gather(_ tokens: Int, _ k: Int) -> Ready {
    let half = tokens * headDim
    let lines = (headDim * 2 + 63) / 64 * 64
    let arena = DecodeArena(self, tokens: tokens, wordsPerGroup: 2 * half, wordsRead: k * lines)
    let lists = (0..<8).map { BenchmarkNumbers.chosen(k, of: tokens, seed: UInt64($0 + 1)) }
    return Ready(
      call: "query head", heads: 1, bytes: 2 * k * lines, operations: 4 * k * headDim,
      calls: arena.groupsPerThread, bytesPerSecond: roofline.memory.median
    ) { thread, call in
      let group = arena.group(thread, call)
      let part = arena.part(thread)
      lists[call % lists.count].withUnsafeBufferPointer { list in
        kernels.decodeAttend(
          DecodeCache(
            keys: group, values: group + half, element: element, tokens: tokens, channels: headDim,
            valueChannels: headDim),
          tokens: list, DecodeQueries(arena.queries.pointer, heads: 1, scale: 0.1), into: part)
        kernels.decodeMerge([part], into: arena.out(thread))
      }
    }
  }
}
