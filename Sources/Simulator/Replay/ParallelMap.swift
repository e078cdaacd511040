import Dispatch
import Synchronization

/// Runs `body` for every item on `threads` threads, each with a worker of its own, and returns the
/// results in the items' order. Items start in order; after an error no further ones start.
func parallelMap<Item: Sendable, Worker, Result: Sendable>(
  _ items: [Item], threads: Int, worker: @Sendable () throws -> Worker,
  progress: (@Sendable (Int, Int) -> Void)? = nil,
  body: @Sendable (Item, Worker) throws -> Result
) throws -> [Result] {
  let state = Mutex(ParallelState<Result>(results: Array(repeating: nil, count: items.count)))
  DispatchQueue.concurrentPerform(iterations: max(1, min(threads, items.count))) { _ in
    do {
      let worker = try worker()
      while true {
        let index: Int? = state.withLock { state in
          guard state.failure == nil, state.next < items.count else { return nil }
          state.next += 1
          return state.next - 1
        }
        guard let index else { return }
        let result = try body(items[index], worker)
        let done = state.withLock { state in
          state.results[index] = result
          state.done += 1
          return state.done
        }
        progress?(done, items.count)
      }
    } catch {
      state.withLock { $0.failure = $0.failure ?? error }
    }
  }
  return try state.withLock { state in
    if let failure = state.failure { throw failure }
    return state.results.compactMap(\.self)
  }
}

/// What the threads of a `parallelMap` share, behind its lock.
private struct ParallelState<Result> {
  var next = 0
  var done = 0
  var failure: (any Error)?
  var results: [Result?]
}
