import Dispatch
import Foundation

/// Hands pieces to threads, first come first served, until they are done or one fails.
final class PieceQueue<Piece: Sendable>: @unchecked Sendable {
  // Unchecked: everything that changes is used under the lock only.
  private let lock = NSLock()
  private let pieces: [Piece]
  private var next = 0
  private var failure: (any Error)?

  private init(_ pieces: [Piece]) { self.pieces = pieces }

  /// Does `work` for every piece on up to `threads` threads, each with a `State` of its own.
  ///
  /// - Throws: the first error that `start` or `work` threw; the other threads finish the piece they have.
  static func run<State>(
    _ pieces: [Piece], threads: Int, start: @Sendable () throws -> State,
    work: @Sendable (State, Piece) throws -> Void
  ) throws {
    let queue = PieceQueue(pieces)
    @Sendable func body() {
      do {
        let state = try start()
        while let piece = queue.take() { try work(state, piece) }
      } catch {
        queue.fail(error)
      }
    }
    let count = min(threads, pieces.count)
    if count <= 1 { body() } else { DispatchQueue.concurrentPerform(iterations: count) { _ in body() } }
    if let failure = queue.failure { throw failure }
  }

  private func take() -> Piece? {
    lock.withLock {
      guard failure == nil, next < pieces.count else { return nil }
      next += 1
      return pieces[next - 1]
    }
  }

  private func fail(_ error: any Error) {
    lock.withLock { failure = failure ?? error }
  }
}
