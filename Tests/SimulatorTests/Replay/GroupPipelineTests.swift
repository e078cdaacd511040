import Synchronization
import Testing
import Traces

@testable import Simulator

@Suite struct GroupPipelineTests {
  struct Failure: Error, Equatable { let layer: Int }
  struct NoWorker: Error {}

  let folder: TemporaryFolder
  let trace: Trace

  init() throws {
    folder = try TemporaryFolder()
    trace = try HandTrace(prompt: 10, decode: 2).trace(in: folder)
  }

  private func pipeline(
    threads: Int, layers: [Int] = [0, 1], kvHeads: [Int] = [0, 1], mostBytesAhead: Int = 256 << 20
  ) -> GroupPipeline {
    GroupPipeline(
      trace: trace, layers: layers, kvHeads: kvHeads, threads: threads, mostBytesAhead: mostBytesAhead)
  }

  @Test(arguments: [1, 2, 3, 64]) func resultsKeepTheOrderOfLayersAndHeads(threads: Int) throws {
    let seen = Mutex<[[Int]]>([])
    let results = try pipeline(threads: threads).map(
      worker: {}, progress: { done, total in seen.withLock { $0.append([done, total]) } }
    ) { tensors, kvHead, _ in [tensors.layer, kvHead] }
    #expect(results == [[0, 0], [0, 1], [1, 0], [1, 1]])
    #expect(seen.withLock { $0.sorted { $0[0] < $1[0] } } == (1...4).map { [$0, 4] })
  }

  /// A layer's memory is written over when the next is read, and never before its last group is done.
  @Test(arguments: [1, 2, 5], [0, 256 << 20])
  func everyGroupSeesItsOwnLayersValues(threads: Int, mostBytesAhead: Int) throws {
    let expected = try [0, 1].map { try trace.layer($0).k.floatValues() }
    #expect(expected[0] != expected[1])
    for _ in 0..<20 {
      let keys = try pipeline(threads: threads, mostBytesAhead: mostBytesAhead).map(worker: {}) {
        tensors, _, _ in
        tensors.k.floatValues()
      }
      #expect(keys == [expected[0], expected[0], expected[1], expected[1]])
    }
  }

  @Test func layersInFlightAreBounded() {
    #expect(pipeline(threads: 1).layersInFlight == 1)
    #expect(pipeline(threads: 2).layersInFlight == 2)
    #expect(pipeline(threads: 8).layersInFlight == 5)
    #expect(pipeline(threads: 8, kvHeads: [0]).layersInFlight == 9)
    let bytes = trace.byteCount(layer: 0)
    #expect(pipeline(threads: 2, mostBytesAhead: bytes).layersInFlight == 2)
    #expect(pipeline(threads: 1, mostBytesAhead: bytes - 1).layersInFlight == 1)
    #expect(pipeline(threads: 2, mostBytesAhead: bytes - 1).layersInFlight == 1)
    #expect(pipeline(threads: 8, mostBytesAhead: bytes - 1).layersInFlight == 4)
    let board = GroupBoard<Int>(layers: 3, groupsPerLayer: 1, layersInFlight: 2)
    guard case .read(layer: 0, reusing: nil)? = board.take() else {
      Issue.record("the first layer is not read first")
      return
    }
  }

  @Test func nothingToDoIsNothing() throws {
    #expect(try pipeline(threads: 4, layers: []).map(worker: {}) { _, kvHead, _ in kvHead } == [])
  }

  @Test func noMoreWorkersThanThreadsOrGroups() throws {
    for (threads, most) in [(3, 3), (8, 4)] {
      let made = Mutex(0)
      _ = try pipeline(threads: threads).map(worker: { made.withLock { $0 += 1 } }) { _, kvHead, _ in kvHead }
      #expect((1...most).contains(made.withLock(\.self)))
    }
  }

  /// On one thread the failing group is the last that is begun.
  @Test func anErrorStopsTheRest() throws {
    let begun = Mutex<[[Int]]>([])
    let error = try #require(throws: Failure.self) {
      try pipeline(threads: 1).map(worker: {}) { tensors, kvHead, _ in
        begun.withLock { $0.append([tensors.layer, kvHead]) }
        if kvHead == 1 { throw Failure(layer: tensors.layer) }
      }
    }
    #expect(error == Failure(layer: 0))
    #expect(begun.withLock(\.self) == [[0, 0], [0, 1]])
  }

  @Test(arguments: [1, 2, 4]) func everyKindOfErrorIsThrown(threads: Int) {
    let pipeline = pipeline(threads: threads)
    #expect(throws: Failure.self) {
      try pipeline.map(worker: {}) { tensors, _, _ in throw Failure(layer: tensors.layer) }
    }
    #expect(throws: NoWorker.self) {
      try pipeline.map(worker: { throw NoWorker() }) { (_, kvHead: Int, _: Void) in kvHead }
    }
    #expect(throws: TraceError.self) {
      try self.pipeline(threads: threads, layers: [0, 2]).map(worker: {}) { _, kvHead, _ in kvHead }
    }
  }
}
