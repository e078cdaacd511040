import Kernels

extension KernelBenchmark {
  /// Queries of a block of a replay.
  private static let rows = 48

  /// The kernels of the exact path, and top-k, which both paths use.
  func exactCases(tokens: Int) -> [Case] {
    [
      Case(name: "score, exact") { exactScore(tokens) }, Case(name: "attend, exact") { exactAttend(tokens) },
      Case(name: "top-k, k = 256") { topK(tokens, min(256, tokens)) },
      Case(name: "top-k, k = 19 %") { topK(tokens, tokens * 19 / 100) },
    ]
  }

  private func exactScore(_ tokens: Int) -> Ready {
    let places = BenchmarkPlaces(threads: roofline.threads) {
      ExactPlace(self, tokens: tokens, rows: Self.rows)
    }
    let all = (0..<Int32(headDim)).map { $0 }
    return Ready(
      call: "\(Self.rows) queries", heads: Self.rows, bytes: tokens * headDim * 4,
      operations: 2 * Self.rows * tokens * headDim, calls: 1, bytesPerSecond: roofline.memory.median
    ) { thread, _ in
      let place = places[thread]
      kernels.score(
        queries: place.queries.pointer, rows: Self.rows, keys: place.keys, channelList: all,
        tokens: 0..<tokens,
        into: place.scores.pointer, stride: place.stride)
    }
  }

  private func exactAttend(_ tokens: Int) -> Ready {
    let places = BenchmarkPlaces(threads: roofline.threads) {
      ExactPlace(self, tokens: tokens, rows: Self.rows)
    }
    let visible = Array(repeating: 0..<tokens, count: Self.rows)
    let offsets = Array(repeating: Float(4), count: Self.rows)
    return Ready(
      call: "\(Self.rows) queries", heads: Self.rows, bytes: tokens * (headDim + Self.rows) * 4,
      operations: 2 * Self.rows * tokens * headDim, calls: 1, bytesPerSecond: roofline.memory.median
    ) { thread, _ in
      let place = places[thread]
      kernels.attend(
        scores: place.scores.pointer, stride: place.stride, visible: visible, offsets: offsets, scale: 1,
        values: place.values, into: place.out.pointer, sums: place.sums.pointer)
    }
  }

  private func topK(_ tokens: Int, _ k: Int) -> Ready {
    let rows = max(1, 1 << 18 / tokens)
    let places = BenchmarkPlaces(threads: roofline.threads) { TopKPlace(tokens: tokens, rows: rows) }
    return Ready(
      // Many calls a round: one takes a few microseconds, and starting threads as many.
      call: "query head", heads: 1, bytes: tokens * 4, operations: 0, calls: rows * 64,
      bytesPerSecond: roofline.readBytesPerSecond(workingSetBytes: rows * tokens * 4 * roofline.threads)
    ) { thread, call in
      let place = places[thread]
      let row = UnsafeBufferPointer(start: place.scores.pointer + call % rows * tokens, count: tokens)
      kernels.topK(row, k: k, into: place.chosen, scratch: place.scratch)
    }
  }
}

/// What each thread works on, alone.
struct BenchmarkPlaces<Place>: @unchecked Sendable {
  // Unchecked: a place is used by the thread of its number only.
  private let places: [Place]

  init(threads: Int, _ make: () -> Place) { places = (0..<threads).map { _ in make() } }

  subscript(thread: Int) -> Place { places[thread] }
}

/// One KV head's panels and tiles with a block of queries.
private final class ExactPlace {
  let keys: KeyPanels
  let values: ValueTiles
  let queries: FloatBuffer
  let scores: FloatBuffer
  let stride: Int
  let out: FloatBuffer
  let sums: FloatBuffer

  init(_ benchmark: KernelBenchmark, tokens: Int, rows: Int) {
    let rowsOfKeys = BenchmarkNumbers.halves(tokens * benchmark.headDim, element: benchmark.element)
    let bytes = UnsafeRawBufferPointer(rowsOfKeys.values)
    keys = benchmark.kernels.packKeys(
      bytes, element: benchmark.element, tokens: tokens, channels: benchmark.headDim)
    values = benchmark.kernels.packValues(
      bytes, element: benchmark.element, tokens: tokens, channels: benchmark.headDim)
    queries = BenchmarkNumbers.normal(rows * benchmark.headDim)
    stride = KeyPanels.paddedTokens(tokens) + KeyPanels.panelTokens
    scores = FloatBuffer(count: rows * stride)
    out = FloatBuffer(count: rows * values.paddedChannels)
    sums = FloatBuffer(count: rows)
  }
}

private final class TopKPlace {
  let scores: FloatBuffer
  let scratch = TopKScratch()
  let chosen: UnsafeMutablePointer<Int32>

  init(tokens: Int, rows: Int) {
    scores = BenchmarkNumbers.normal(rows * tokens)
    chosen = .allocate(capacity: tokens)
  }

  deinit { chosen.deallocate() }
}
