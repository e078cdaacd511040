import Testing
import Traces

@testable import Simulator

@Suite struct WalkMemoryTests {
  private let memory: WalkMemory
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    memory = WalkMemory(
      try HandTrace(prompt: 10, decode: 2).trace(in: folder), layers: [0, 1], headsPerThread: 1)
  }

  @Test func fewerLayersAreHeldWhereMemoryIsShort() throws {
    let (layer, thread) = (memory.layer, memory.thread)
    #expect(layer > 0 && thread > 0)
    #expect(try memory.layersInFlight(atMost: 3, threads: 2, limit: 3 * layer + 2 * thread) == 3)
    #expect(try memory.layersInFlight(atMost: 3, threads: 2, limit: 3 * layer + 2 * thread - 1) == 2)
    #expect(try memory.layersInFlight(atMost: 3, threads: 2, limit: layer + 2 * thread) == 1)
  }

  @Test func whatDoesNotFitIsRefusedBeforeAnythingIsRead() throws {
    let needed = memory.layer + 4 * memory.thread
    #expect {
      try memory.layersInFlight(atMost: 1, threads: 4, limit: needed - 1)
    } throws: {
      let error = "\($0)"
      return error.contains("expected at most \(needed - 1) bytes to hold, three quarters of")
        && error.contains("found \(needed): a layer of ") && error.contains("on 4 threads; use fewer")
    }
  }

  /// 5 channels by 6 heads of 16, in 32 bits.
  @Test func anOutputProjectionIsCounted() throws {
    let trace = try HandTrace(prompt: 10, decode: 2).projected(to: 5).trace(in: folder)
    let with = WalkMemory(trace, layers: [0], headsPerThread: 1)
    #expect(with.thread == memory.thread + 5 * 96 * 4 && with.layer == memory.layer + 5 * 96 * 2)
  }

  @Test func everyKVHeadOfALayerIsCountedWhereAllAreHeld() throws {
    let trace = try HandTrace(prompt: 10, decode: 2).trace(in: folder)
    let all = WalkMemory(trace, layers: [0], headsPerThread: trace.metadata.geometry.kvHeads)
    #expect(all.thread == memory.thread * trace.metadata.geometry.kvHeads)
  }
}
