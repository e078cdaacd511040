import Testing

@testable import Pricing

/// What must hold whatever the numbers are.
@Suite struct CostModelLawsTests {
  private struct Draws {
    var state: UInt64
    mutating func next() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) / Double(1 << 53)
    }
    mutating func upTo(_ limit: Double) -> Double { next() * limit }
  }

  private static func load(_ draws: inout Draws) -> StepLoad {
    var load = StepLoad()
    load.chooses = draws.next() < 0.7
    load.rows = 1 + draws.upTo(64).rounded()
    load.candidates = load.chooses ? load.rows * (1 + draws.upTo(1e5)) : 0
    let row = 2 * (1 + draws.upTo(256).rounded())
    load.score = [Access(bytes: draws.upTo(1e8), againBytes: draws.upTo(1e8))]
    load.attend = [
      Access(bytes: draws.upTo(1e7), pieceBytes: row),
      Access(bytes: draws.upTo(1e5), pieceBytes: row, isOnHost: draws.next() < 0.5),
    ]
    load.attendOperations = draws.upTo(1e9)
    load.prefetches = draws.next() < 0.3
    return load
  }

  @Test(arguments: ["true", "false"]) func moreOfAnythingGoodIsNeverSlower(ahead: String) throws {
    let text = Machines.kernels.replacing("launches_ahead: false", with: "launches_ahead: \(ahead)")
    let model = try Machines.model(Machines.plain, text)
    var draws = Draws(state: 3)
    let better: [(String, (inout HardwareDescription, inout KernelSet) -> Void)] = [
      ("bandwidth", { machine, _ in machine.memory.bandwidthBytesPerSecond *= 1.7 }),
      ("cache", { machine, _ in machine.lastLevelCache?.bytes *= 3 }),
      ("link", { machine, _ in machine.hostLink?.bandwidthBytesPerSecond *= 2 }),
      ("link's latency", { machine, _ in machine.hostLink?.latencyNs? /= 2 }),
      ("peak", { machine, _ in machine.peakOperationsPerSecond["f16"]? *= 2 }),
      (
        "launches",
        { _, kernels in
          kernels.sparse.launchNs /= 2; kernels.dense.launchNs /= 2
        }
      ),
      (
        "latency",
        { _, kernels in
          kernels.sparse.latencyNs /= 2; kernels.dense.kernel.latencyNs /= 2
        }
      ),
      ("top-k", { _, kernels in kernels.sparse.selectPasses /= 2 }),
      ("streaming", { _, kernels in kernels.sparse.streamEfficiency *= 1.5 }),
      ("sectors", { machine, _ in machine.memory.sectorBytes = 2 }),
    ]
    for _ in 0..<300 {
      let load = Self.load(&draws)
      let batch = 1 + draws.upTo(64).rounded()
      let before = model.time(load, batch: batch).nanoseconds
      for (name, change) in better {
        var (machine, kernels) = (model.machine, model.kernels)
        change(&machine, &kernels)
        let after = CostModel(machine: machine, kernels: kernels).time(load, batch: batch).nanoseconds
        let limit = before * 1.000_000_000_001
        #expect(after <= limit, "\(name)")
      }
      // A larger batch takes no less time, and no more a sequence but where a longer top-k is split.
      let larger = model.time(load, batch: batch * 2).nanoseconds
      let (least, half, most) = (
        before * 0.999_999_999_999, larger / 2, before + model.kernels.sparse.splitSelectLaunchNs
      )
      #expect(larger >= least)
      #expect(half <= most)
    }
  }

  @Test func everyCountedByteIsPricedOnce() throws {
    let model = try Machines.model()
    var draws = Draws(state: 5)
    for _ in 0..<200 {
      let load = Self.load(&draws)
      let time = model.time(load, batch: 3)
      let share = time.bytes / (3 * load.bytes)
      #expect(abs(share - 1) < 1e-12)
    }
  }

  /// A sequence of very many costs its bytes over the bandwidth that streaming reaches.
  @Test func anInfiniteBatchIsBytesOverBandwidth() throws {
    let model = try Machines.model()
    var load = StepLoad()
    load.attend = [Access(bytes: 1e6)]
    let each = model.time(load, batch: 1e9).nanoseconds / 1e9
    #expect(abs(each - 1000) < 1e-3)
  }

  @Test func nothingToDoCostsTheLaunchAlone() throws {
    let model = try Machines.model()
    let idle = model.time(StepLoad(), batch: 1).nanoseconds
    #expect(abs(idle - 1500) < 1e-6)
    var load = StepLoad()
    load.chooses = true
    load.candidates = 1
    load.score = [Access(bytes: 2)]
    #expect(model.time(load, batch: 1).nanoseconds.isFinite)
  }
}
