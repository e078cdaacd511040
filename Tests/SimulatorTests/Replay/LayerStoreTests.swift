import Testing
import Traces

@testable import Simulator

/// Memory is bounded by the layers in flight.
@Suite struct LayerStoreTests {
  let folder: TemporaryFolder
  let store: LayerStore

  init() throws {
    folder = try TemporaryFolder()
    store = LayerStore(
      try HandTrace(prompt: 10, decode: 2).trace(in: folder), layers: [0, 1], groupsPerLayer: 2, threads: 1)
  }

  @Test func aLayerIsLoadedOnceAndLetGoWithItsLastGroup() throws {
    weak var keys: Tensor?
    var first: ObjectIdentifier?
    try store.withLayer(0) { tensors in
      keys = tensors.k
      first = ObjectIdentifier(tensors.k)
    }
    #expect(keys != nil)
    try store.withLayer(0) { #expect(ObjectIdentifier($0.k) == first) }
    #expect(keys == nil)
  }

  @Test func layersAreHeldApart() throws {
    weak var keys: Tensor?
    try store.withLayer(1) { one in
      keys = one.k
      #expect(one.layer == 1)
      try store.withLayer(0) { zero in
        #expect(zero.layer == 0)
        #expect(zero.k.floatValues() != one.k.floatValues())
      }
    }
    #expect(keys != nil)
  }

  @Test func aGroupThatFailsIsAGroupThatIsDone() throws {
    struct Failure: Error {}
    weak var keys: Tensor?
    for _ in 0..<2 {
      #expect(throws: Failure.self) {
        try store.withLayer(0) { tensors in
          keys = tensors.k
          throw Failure()
        }
      }
    }
    #expect(keys == nil)
  }

  @Test func aMissingLayerIsTheTracesError() {
    #expect(throws: TraceError.self) { try store.withLayer(2) { _ in } }
  }
}
