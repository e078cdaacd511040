import Kernels
import Traces

/// The memory that a walk over a trace's layers takes, known from the header before any is asked for.
struct WalkMemory {
  /// Bytes of the largest layer as stored.
  let layer: Int
  /// Bytes that a thread widens to 32 bits: keys, values and queries of its KV heads with the scores that the trace holds, and a
  /// layer's output projection.
  let thread: Int
  private let path: String

  /// - Parameter headsPerThread: KV heads that a thread holds widened at once.
  init(_ trace: Trace, layers: [Int], headsPerThread: Int) {
    let geometry = trace.metadata.geometry
    let tokens = KeyPanels.paddedTokens(trace.metadata.tokens.total) * (geometry.headDim + geometry.valueDim)
    let queries = geometry.queryHeads / geometry.kvHeads * trace.queryPositions.count * geometry.headDim
    layer = layers.reduce(0) { max($0, trace.byteCount(layer: $1)) }
    // Who replays a layer's last KV head multiplies with its output projection.
    let projects = layers.contains { trace.hasOutputProjection(layer: $0) }
    let projection =
      projects
      ? (trace.metadata.outputProjection?.channels ?? 0) * geometry.queryHeads * geometry.valueDim : 0
    let index = trace.metadata.scores?.index.map {
      $0.channels * (trace.metadata.tokens.total + $0.heads * trace.queryPositions.count)
    }
    let scores =
      (index ?? 0) + (trace.metadata.scores == nil ? 0 : geometry.queryHeads * trace.metadata.tokens.total)
    thread = ((tokens + queries + scores) * headsPerThread + projection) * MemoryLayout<Float>.size
    path = trace.path
  }

  /// How many of `wanted` layers can be held at once; fewer only wait longer for the next.
  ///
  /// - Throws: ``ReplayError`` where not even one fits beside what the threads widen.
  func layersInFlight(atMost wanted: Int, threads: Int, limit: Int = MemoryBudget.bytes) throws -> Int {
    let needed = layer + threads * thread
    guard needed <= limit else {
      throw ReplayError(
        path, kind: .memory, expected: "at most \(limit) bytes to hold, three quarters of this machine's memory",
        found:
          "\(needed): a layer of \(layer) bytes and its heads in 32 bits on \(threads) threads",
        advice: "use fewer threads or a machine with more memory, or capture fewer tokens")
    }
    return min(wanted, max(1, (limit - threads * thread) / max(layer, 1)))
  }
}
