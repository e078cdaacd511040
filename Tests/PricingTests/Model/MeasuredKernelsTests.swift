import Foundation
import Testing

@testable import Pricing

/// The forms that are fitted to measured kernels; the times are those of `Benchmarks/prices` for the same parameters.
@Suite struct MeasuredKernelsTests {
  private static func near(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-9 * max(abs(a), abs(b)) }

  private static let machine = Machines.plain
    .replacing("kind: gpu", with: "kind: gpu\ncompute_units: 128")
    .replacing("memory:", with: "memory:\n  kind: hbm")
    .replacing("bytes: 1e6", with: "bytes: 1e8")

  private static let kernels = """
    name: measured
    title: kernels to compute by hand with
    launches_ahead: true
    compute_efficiency: 1
    dense:
      launch_ns: 0
      latency_ns: 10000
      stream_efficiency: 0.9
      blocks: {rate: 2, splits: 8}
      cache_share: 0.5
      sets:
        - {memory: hbm, cache_bits: 8, head_dim: 128, query_heads: several, latency_ns: 8, stream_efficiency: 0.8, rate: 1, splits: 1}
        - {memory: hbm, inline_ecc: true, cache_bits: 8, head_dim: 128, query_heads: several, latency_ns: 9, stream_efficiency: 0.8, rate: 1, splits: 1}
        - {memory: hbm, cache_bits: 16, head_dim: 64, query_heads: several, latency_ns: 16, stream_efficiency: 0.8, rate: 1, splits: 1}
        - {memory: gddr, cache_bits: 16, head_dim: 128, query_heads: several, latency_ns: 1, stream_efficiency: 0.8, rate: 1, splits: 1}
        - {machine: plain, kernel: own, cache_bits: 16, head_dim: 128, query_heads: one, latency_ns: 2, stream_efficiency: 0.8, rate: 1, splits: 1}
        - {machine: other, cache_bits: 16, head_dim: 128, query_heads: several, latency_ns: 3, stream_efficiency: 0.8, rate: 1, splits: 1}
    sparse:
      launch_ns: 0
      split_select_launch_ns: 0
      latency_beyond_dense_ns: 3000
      stream_share: 1
      gather_share: [{row_bytes: 256, share: 0.8}]
      select: {start_ns: 5000, token_ns: 0.25, occupancy: 0.5, efficiency: 0.25}
    step: {weight_efficiency: 0.5, weight_efficiency_4bit: 0.25, compute_efficiency: 0.5, layer_ns: 1000, fixed_ns: 2e6, sequence_ns: 500, reduction_ns: 4000}
    """

  private static func model(_ machine: String = machine) throws -> CostModel {
    try Machines.model(machine, kernels)
  }

  private static func withoutSets() throws -> CostModel {
    var model = try model()
    var kernels = model.kernels
    kernels.dense.sets = []
    model = CostModel(machine: model.machine, kernels: kernels)
    return model
  }

  private static func dense(bytes: Double, rows: Double, isRepeated: Bool = false) -> StepLoad {
    var load = StepLoad()
    load.attend = [Access(bytes: bytes)]
    load.cache.perSequence = rows
    load.isRepeated = isRepeated
    return load
  }

  /// 200 MB of 8 rows, split over 8 blocks each, on 128 units.
  @Test func fewRowsLeaveUnitsIdle() throws {
    let model = try Self.withoutSets()
    #expect(Self.near(model.time(Self.dense(bytes: 2e8, rows: 8), batch: 1).nanoseconds, Self.fewRows))
    // As many bytes in four times the rows keep more units busy.
    let whole = model.time(Self.dense(bytes: 2e8, rows: 8), batch: 1).nanoseconds
    let parted = model.time(Self.dense(bytes: 5e7, rows: 8), batch: 4).nanoseconds
    #expect(parted < whole)
  }

  /// 40 MB that a cache of 100 MB keeps half of are read again from it by a benchmark, and never by a model.
  @Test func whatABenchmarkReadsAgainComesFromTheCache() throws {
    let model = try Self.withoutSets()
    let again = model.time(Self.dense(bytes: 4e7, rows: 8, isRepeated: true), batch: 1).nanoseconds
    let once = model.time(Self.dense(bytes: 4e7, rows: 8), batch: 1).nanoseconds
    #expect(Self.near(again, Self.repeated) && Self.near(once, Self.once))
  }

  private static let fewRows = 263_638.247_878_519_24
  private static let repeated = 50_617.067_112_786_746
  private static let once = 60_727.649_575_703_86

  /// Rows are gathered at 0.8 of what dense attention reaches, 0.9 of the memory's 1 TB/s.
  @Test func gatheringFollowsTheDenseKernel() throws {
    var load = Self.dense(bytes: 0, rows: 8000)
    load.chooses = true
    load.attend = [Access(bytes: 7.2e8, pieceBytes: 256)]
    let time = try Self.withoutSets().time(load, batch: 1).nanoseconds(.stage(.attend))
    #expect(try Self.withoutSets().time(load, batch: 1).nanoseconds(.latency) == 13_000)
    // Half of that is what the blocks take, with a soft corner.
    let expected = 1e6 * pow(1 + pow(0.36, 4), 0.25)
    #expect(Self.near(time, expected))
  }

  /// 64 rows of 20,000 scores keep a quarter of the machine busy; 1,024 wait for each other.
  @Test(arguments: [(64.0, 21_247.903_166_620_1), (1024.0, 327_879.142_891_308_35)] as [(Double, Double)])
  func rowsOfScoresShareTheUnits(rows: Double, expected: Double)
    throws
  {
    var load = StepLoad()
    load.chooses = true
    load.rows = rows
    load.candidates = rows * 20_000
    let time = try Self.model().time(load, batch: 1)
    #expect(Self.near(time.nanoseconds(.stage(.select)), expected))
  }

  private static let sets: [(CacheRows, Double)] = [
    (.init(perSequence: 8, bits: 8, headDim: 128, isGrouped: true), 8),
    (.init(perSequence: 8, bits: 16, headDim: 128, isGrouped: true), 16),
    (.init(perSequence: 8, bits: 16, headDim: 256, isGrouped: true), 16),
    (.init(perSequence: 8, bits: 16, headDim: 128, isGrouped: false), 2),
    (.init(perSequence: 8, bits: 16, headDim: 64, isGrouped: false), 2),
    (.init(perSequence: 8, bits: 4, headDim: 128, isGrouped: true), 8),
  ]

  /// The machine's own set before its memory's, the width of a number before grouping, grouping before the head.
  @Test(arguments: sets.indices) func theNearestSetIsTaken(index: Int) throws {
    let (rows, latency) = Self.sets[index]
    let model = try Self.model()
    #expect(model.kernels.dense.kernel(for: rows, on: model.machine).latencyNs == latency)
  }

  @Test func errorCorrectionInTheMemoryHasSetsOfItsOwn() throws {
    let machine = Self.machine.replacing("kind: hbm", with: "kind: hbm\n  inline_ecc: true")
    let model = try Self.model(machine)
    let rows = CacheRows(perSequence: 8, bits: 8, headDim: 128, isGrouped: true)
    #expect(model.kernels.dense.kernel(for: rows, on: model.machine).latencyNs == 9)
    let unknown = try Self.model(Machines.plain.replacing("name: plain", with: "name: unknown"))
    #expect(unknown.kernels.dense.kernel(for: rows, on: unknown.machine).latencyNs == 10_000)
  }

  /// 16 GB at half of 1 TB/s are 32 ms, 2 · 8e9 · 4 operations at half of 1 PFLOP/s 0.128 ms, two layers 2 µs, 2 ms and
  /// 4 sequences 2 µs; on two devices half of the first two, and four sums of 4 µs.
  @Test func aStepByHand() throws {
    let model = try Self.model()
    let weights = WholeModel.Weights(readBytes: 16e9, activeParameters: 8e9, bits: 16)
    let one = WholeModel(weights: [weights], layers: 2)
    let two = WholeModel(weights: [weights], layers: 2, devices: 2)
    #expect(Self.near(one.linearNanoseconds(model.machine, model.kernels, batch: 4), 34_132_000))
    #expect(Self.near(two.linearNanoseconds(model.machine, model.kernels, batch: 4), 18_084_000))
    let few = WholeModel(
      weights: [.init(readBytes: 4e9, activeParameters: 8e9, bits: 4)], layers: 2)
    #expect(Self.near(few.linearNanoseconds(model.machine, model.kernels, batch: 4), 18_132_000))
  }

  /// Of five layers two attend to everything, and three as the policy does.
  @Test func denseLayersStandInPlaceOfOthers() throws {
    let model = try Self.model()
    func time(_ nanoseconds: Double) -> StepTime {
      StepTime(parts: [.init(term: .stage(.attend), nanoseconds: nanoseconds, bytes: 0)])
    }
    let whole = WholeModel(weights: [], layers: 5)
    let linear = whole.linearNanoseconds(model.machine, model.kernels, batch: 1)
    let step = whole.stepNanoseconds(
      attention: time(100), dense: time(1000), denseLayers: 2, model.machine, model.kernels, batch: 1)
    #expect(Self.near(step - linear, 2300))
    let plain = whole.stepNanoseconds(attention: time(100), model.machine, model.kernels, batch: 1)
    #expect(Self.near(plain - linear, 500))
  }

  /// Several sequences are padded to a tile; one is not multiplied as a matrix.
  @Test func aTileIsFilled() throws {
    var (machine, kernels) = (try Self.model().machine, try Self.model().kernels)
    machine.peakOperationsPerSecond["f8"] = 2e15
    kernels.step?.tile = 16
    let whole = WholeModel(
      weights: [.init(readBytes: 1e9, activeParameters: 1e12, bits: 8)], layers: 0)
    let one = whole.linearNanoseconds(machine, kernels, batch: 1)
    let two = whole.linearNanoseconds(machine, kernels, batch: 2)
    // 16 sequences at half of 2 PFLOP/s of 8 bits, and 500 ns for the second.
    #expect(Self.near(two - one, 32_000_500))
  }
}
