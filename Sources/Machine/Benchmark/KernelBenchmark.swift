import Attention
import Kernels

/// One kernel at one length: how long a call takes, and how near it comes to the roofline.
public struct KernelResult: Sendable, Codable {
  public let kernel: String
  /// What one call serves: `query head`, `KV group`, `token`, …
  public let call: String
  public let tokens: Int
  public let headDim: Int
  /// Query heads of the KV group that share a call, where they do.
  public let heads: Int
  public let element: ElementType
  public let threads: Int
  /// Of one call on one thread, while the others do the same.
  public let nanoseconds: Quantity
  /// Read and written by one call; rows gathered count whole cache lines.
  public let bytes: Int
  public let operations: Int
  /// Of all threads together.
  public let bytesPerSecond: Double
  public let operationsPerSecond: Double
  /// The least time that the roofline allows, over the measured median.
  public let rooflineShare: Double
}

/// Times each kernel beside what this machine can do at most.
///
/// Exact kernels and top-k work on one head's data again and again, as a replay does. Decode kernels go round caches
/// of many KV groups that together exceed the last-level cache, as a decode step finds them.
public struct KernelBenchmark: Sendable {
  public var headDim = 128
  /// Query heads of a KV group.
  public var heads = 4
  public var element = ElementType.f16
  /// Of rounds that are timed, of each kernel.
  public var secondsEach = 0.25
  public let roofline: Roofline
  let kernels: Kernels

  public init(kernels: Kernels, roofline: Roofline) {
    self.kernels = kernels
    self.roofline = roofline
  }

  /// What is measured at a length.
  public func names(tokens: Int) -> [String] {
    cases(tokens: tokens).map(\.name)
  }

  /// - Parameters:
  ///   - names: only these kernels; nil for all.
  ///   - progress: called with a kernel's name before it is measured.
  public func run(tokens: Int, only names: Set<String>? = nil, progress: ((String) -> Void)? = nil)
    -> [KernelResult]
  {
    return cases(tokens: tokens).filter { names?.contains($0.name) ?? true }.map { make in
      progress?(make.name)
      return measure(make, tokens: tokens)
    }
  }

  func cases(tokens: Int) -> [Case] {
    exactCases(tokens: tokens) + decodeCases(tokens: tokens) + attentionCases(tokens: tokens)
      + codeCases(tokens: tokens)
  }

  /// A kernel made ready: what one call moves and does, and the call itself.
  struct Ready {
    let call: String
    let heads: Int
    let bytes: Int
    let operations: Int
    /// Calls of one round of one thread.
    let calls: Int
    /// Of the memory that the bytes come from.
    let bytesPerSecond: Double
    let body: @Sendable (_ thread: Int, _ call: Int) -> Void
  }

  struct Case {
    let name: String
    /// Allocates and fills; what it holds is let go before the next kernel's.
    let ready: () -> Ready
  }

  private func measure(_ benchmark: Case, tokens: Int) -> KernelResult {
    let ready = benchmark.ready()
    let threads = roofline.threads
    let seconds = ParallelRounds(threads: threads, seconds: secondsEach).time { thread in
      for call in 0..<ready.calls { ready.body(thread, call) }
    }.scaled(1 / Double(ready.calls))
    let floor = roofline.floor(
      bytes: Double(ready.bytes * threads), bytesPerSecond: ready.bytesPerSecond,
      operations: Double(ready.operations * threads))
    return KernelResult(
      kernel: benchmark.name, call: ready.call, tokens: tokens, headDim: headDim, heads: ready.heads,
      element: element, threads: threads, nanoseconds: seconds.scaled(1e9), bytes: ready.bytes,
      operations: ready.operations, bytesPerSecond: Double(ready.bytes * threads) / seconds.median,
      operationsPerSecond: Double(ready.operations * threads) / seconds.median,
      rooflineShare: floor / seconds.median)
  }
}
