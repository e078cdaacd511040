import Synchronization
import Testing

@testable import Simulator

@Suite struct ParallelMapTests {
  struct Failure: Error, Equatable { let item: Int }
  struct NoWorker: Error {}

  @Test(arguments: [1, 2, 3, 64]) func resultsKeepTheItemsOrder(threads: Int) throws {
    let items = Array(0..<200)
    let seen = Mutex<[[Int]]>([])
    let results = try parallelMap(
      items, threads: threads, worker: {},
      progress: { done, total in seen.withLock { $0.append([done, total]) } }
    ) { item, _ in item * item }
    #expect(results == items.map { $0 * $0 })
    #expect(seen.withLock { $0.sorted { $0[0] < $1[0] } } == (1...200).map { [$0, 200] })
  }

  @Test func nothingToDoIsNothing() throws {
    #expect(try parallelMap([Int](), threads: 4, worker: {}) { item, _ in item } == [])
  }

  @Test func noMoreWorkersThanItemsOrThreads() throws {
    for (items, threads, most) in [(100, 3, 3), (2, 8, 2)] {
      let made = Mutex(0)
      _ = try parallelMap(
        Array(0..<items), threads: threads, worker: { made.withLock { $0 += 1 } }
      ) { item, _ in item }
      #expect((1...most).contains(made.withLock(\.self)))
    }
  }

  /// On one thread the failing item is the last that is begun.
  @Test func anErrorStopsTheRest() throws {
    let begun = Mutex<[Int]>([])
    let error = try #require(throws: Failure.self) {
      try parallelMap(Array(0..<100), threads: 1, worker: {}) { item, _ in
        begun.withLock { $0.append(item) }
        if item == 5 { throw Failure(item: item) }
      }
    }
    #expect(error == Failure(item: 5))
    #expect(begun.withLock(\.self) == Array(0...5))
  }

  @Test func anErrorOnManyThreadsIsThrownToo() {
    #expect(throws: Failure.self) {
      try parallelMap(Array(0..<100), threads: 4, worker: {}) { item, _ in
        if item % 7 == 6 { throw Failure(item: item) }
      }
    }
    #expect(throws: NoWorker.self) {
      try parallelMap(Array(0..<4), threads: 2, worker: { throw NoWorker() }) { (item: Int, _: Void) in item }
    }
  }
}
