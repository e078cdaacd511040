import Dispatch
import Traces

/// Walks the KV groups of a trace's layers on several threads, reading the next layer while the last one's groups
/// are computed.
///
/// Groups begin in order, layer by layer, and so do the layers' reads, one at a time, as a stream needs. Memory is
/// bounded by ``layersInFlight``, and a layer that is done gives its memory to a later one.
struct GroupPipeline {
  let trace: Trace
  let layers: [Int]
  let kvHeads: [Int]
  let threads: Int
  /// KV heads that a thread widens at once.
  var headsPerThread = 1

  /// Bytes of a layer as stored of which a second one is held: beyond them all threads read the next layer when the one
  /// before is computed, so that a replay needs no more than a layer and what the threads widen.
  var mostBytesAhead = 256 << 20

  /// Layers held at once: as many as keep all threads busy, and where they are not large one more, so that reading
  /// overlaps computing.
  var layersInFlight: Int {
    let busy = (threads + kvHeads.count - 1) / max(kvHeads.count, 1)
    return threads == 1 || memory.layer > mostBytesAhead ? busy : busy + 1
  }

  var memory: WalkMemory { WalkMemory(trace, layers: layers, headsPerThread: headsPerThread) }

  /// Calls `body` once per layer and KV head, each time with one of the threads' own workers.
  ///
  /// - Parameters:
  ///   - beside: work of its own that one thread does before it joins in.
  ///   - progress: called with groups done and groups in all, from any thread.
  /// - Returns: what `body` returned, by layer, then KV head.
  /// - Throws: the first error of `beside`, `worker`, `body` or of reading a layer; after it nothing more begins.
  func map<Worker, Result: Sendable>(
    worker: @Sendable () throws -> Worker, beside: (@Sendable () throws -> Void)? = nil,
    progress: (@Sendable (Int, Int) -> Void)? = nil,
    body: @Sendable (LayerTensors, _ kvHead: Int, Worker) throws -> Result
  ) throws -> [Result] {
    let total = layers.count * kvHeads.count
    let workers = max(1, min(threads, total))
    let inFlight = try memory.layersInFlight(atMost: layersInFlight, threads: workers)
    let board = GroupBoard<Result>(
      layers: layers.count, groupsPerLayer: kvHeads.count, layersInFlight: inFlight)
    DispatchQueue.concurrentPerform(iterations: workers) { thread in
      do {
        if thread == workers - 1 { try beside?() }
        let worker = try worker()
        while let task = board.take() {
          switch task {
          case .read(let layer, let old):
            // Beside computing, if any is to be done: there is none before the first layer, nor beside the only one.
            let readers = layer == 0 || inFlight == 1 ? threads : max(1, threads / 2)
            board.loaded(layer, try trace.layer(layers[layer], threads: readers, reusing: old))
          case .group(let group, let tensors):
            let result = try body(tensors, kvHeads[group % kvHeads.count], worker)
            // Two statements: optional chaining would not evaluate its argument where there is no progress.
            let done = board.finished(group, result)
            progress?(done, total)
          }
        }
      } catch {
        board.fail(error)
      }
    }
    return try board.results()
  }
}
