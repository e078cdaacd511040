import Kernels

/// The caches of many KV groups side by side, so that going round them finds each one cold, and each thread's own
/// scores, partial attention and output.
final class DecodeArena: @unchecked Sendable {
  // Unchecked: the groups are only read (but for one thread's own, when appending), and a thread writes its own rows.
  let groupsPerThread: Int
  let stride: Int
  /// Of all heads of a group; twice as long as a head, for page bounds.
  let queries: FloatBuffer
  private let words: Int
  private let storage: FloatBuffer
  private let scoreRows: FloatBuffer
  private let outputs: FloatBuffer
  private let parts: [PartialAttention]
  private let heads: Int
  private let outStride: Int

  /// Memory of all caches together, at most.
  private static let limit = 2 << 30

  /// - Parameters:
  ///   - wordsRead: 16-bit words that one call reads of a group, where it is not all.
  ///   - sharing: query heads that share an attention.
  init(
    _ benchmark: KernelBenchmark, tokens: Int, wordsPerGroup: Int, wordsRead: Int? = nil, sharing: Int = 1
  ) {
    let threads = benchmark.roofline.threads
    words = (wordsPerGroup + 31) / 32 * 32
    let cold = ReadBandwidth.coldBytes()
    let wanted = (cold + (wordsRead ?? wordsPerGroup) * 2 - 1) / ((wordsRead ?? wordsPerGroup) * 2)
    groupsPerThread = max(1, min(wanted, Self.limit / (words * 2)) / threads)
    storage = BenchmarkNumbers.halves(words * groupsPerThread * threads, element: benchmark.element)
    heads = benchmark.heads
    stride = (tokens + 31) / 32 * 32 + 32
    outStride = benchmark.headDim + 64
    queries = BenchmarkNumbers.normal(heads * benchmark.headDim * 2)
    scoreRows = FloatBuffer(count: threads * heads * stride)
    outputs = FloatBuffer(count: threads * heads * outStride)
    parts = (0..<threads).map { _ in PartialAttention(heads: sharing, valueChannels: benchmark.headDim) }
  }

  func group(_ thread: Int, _ call: Int) -> UnsafeMutablePointer<UInt16> {
    let all = UnsafeMutableRawPointer(storage.pointer).assumingMemoryBound(to: UInt16.self)
    return all + (thread * groupsPerThread + call) * words
  }

  /// A group's memory as codes.
  func bytes(_ thread: Int, _ call: Int) -> UnsafePointer<UInt8> {
    UnsafePointer(UnsafeMutableRawPointer(group(thread, call)).assumingMemoryBound(to: UInt8.self))
  }

  func scores(_ thread: Int) -> UnsafeMutablePointer<Float> { scoreRows.pointer + thread * heads * stride }

  /// What a call's attention yields before it is divided.
  func part(_ thread: Int) -> PartialAttention { parts[thread] }

  func out(_ thread: Int) -> UnsafeMutablePointer<Float> { outputs.pointer + thread * heads * outStride }
}
