import Attention
import Foundation
import Testing

@testable import Pricing

/// Predictions of single rows, each by the formulas at the top of `Benchmarks/prices/dense.py`, `stages.py` and `step.py`.
@Suite struct MeasuredCallsTests {
  /// 1 TB/s, 100 units, a last-level cache of 1 MB, 1 PFLOP/s in 16 bits and 2 in 8.
  private static let machine = """
    name: round
    title: a machine to compute by hand with
    kind: gpu
    compute_units: 100
    memory: {capacity_bytes: 1e11, bandwidth_bytes_per_s: 1e12, sector_bytes: 32, line_bytes: 128}
    last_level_cache: {bytes: 1e6}
    compute:
      peak_flops: {f16: 1e15, f8: 2e15}
    """

  /// Of a row's blocks five at most; 10 µs, 0.9 of the bandwidth, all blocks together twice it, half of the cache.
  private static let kernels = """
    name: round
    title: kernels to compute by hand with
    launches_ahead: true
    compute_efficiency: 1
    dense:
      launch_ns: 0
      latency_ns: 10000
      stream_efficiency: 0.9
      blocks: {rate: 2, splits: 5}
      cache_share: 0.5
    sparse:
      launch_ns: 0
      split_select_launch_ns: 0
      latency_ns: 0
      stream_efficiency: 0.5
      gather_efficiency:
        - {row_bytes: 256, efficiency: 0.25}
        - {row_bytes: 4096, efficiency: 0.75}
      select: {start_ns: 5000, token_ns: 0.5, occupancy: 0.5, efficiency: 0.25}
    step:
      weight_efficiency: 0.8
      compute_efficiency: 0.5
      layer_ns: 10000
      fixed_ns: 1e6
      sequence_ns: 5000
      reduction_ns: 8000
    """

  private static func model() throws -> CostModel {
    CostModel(
      machine: try HardwareDescription(yaml: machine, file: "m.yaml"),
      kernels: try KernelSet(yaml: kernels, file: "k.yaml"))
  }

  private static func close(_ a: Double, _ b: Double, _ share: Double = 1e-9) -> Bool {
    abs(a / b - 1) < share
  }

  private static func corner(_ a: Double, _ b: Double, _ power: Double) -> Double {
    pow(pow(a, power) + pow(b, power), 1 / power)
  }

  /// 3 sequences of 2 KV heads with rows of 256 bytes: six rows, over thirty of a hundred units.
  @Test(arguments: [100.0, 250, 1000, 100_000])
  func aDenseRowIsTheFormula(context: Double) throws {
    let call = DenseCall(
      elementBytes: 2, headDim: 128, queryHeads: 8, kvHeads: 2, batch: 3, context: context)
    let bytes = 2 * 3 * 2 * context * 128 * 2
    #expect(call.cacheBytes == bytes)
    let again = 1 / (1 + pow(bytes / 0.5e6, 8))
    let busy = pow(pow(0.3, -4) + 1, -0.25)
    let (memory, blocks) = (bytes * (1 - again) / 0.9e6, bytes / (2e6 * busy))
    #expect(Self.close(call.microseconds(try Self.model()), 10 + Self.corner(memory, blocks, 4)))
  }

  /// What a model's step attends to has passed through the cache long ago: it is slower than the call again and again.
  @Test func onlyACallAgainIsServed() throws {
    let call = DenseCall(elementBytes: 2, headDim: 128, queryHeads: 8, kvHeads: 2, batch: 3, context: 100)
    var once = call.load
    once.isRepeated = false
    let model = try Self.model()
    #expect(model.time(once, batch: 3).nanoseconds / 1000 > call.microseconds(model))
  }

  @Test func aRowThatBeatsTheMemoryIsNone() throws {
    let machine = try Self.model().machine
    // 2 MB are twice the cache, and 2 µs of the memory.
    let small = DenseCall(elementBytes: 1, headDim: 100, queryHeads: 1, kvHeads: 1, batch: 1, context: 10_000)
    #expect(small.isFromMemory(of: machine))
    #expect(!small.beatsMemory(of: machine, microseconds: 1.9))
    var large = small
    large.context = 20_000
    #expect(large.beatsMemory(of: machine, microseconds: 3.9))
    #expect(!large.beatsMemory(of: machine, microseconds: 4.1))
    var tiny = small
    tiny.context = 9999
    #expect(!tiny.isFromMemory(of: machine))
  }

  /// 400 rows, of which each keeps half a unit busy: 10 µs of one, twice that of all; or 16 MB of scores at a quarter.
  @Test func aTopKIsTheFormula() throws {
    let call = TopKCall(rows: 400, candidates: 10_000)
    let working = (5 + 0.5e-3 * 10_000) * Self.corner(1, 0.5 * 400 / 100, 4)
    let reading = 4.0 * 400 * 10_000 / (0.25 * 1e6)
    #expect(Self.close(call.microseconds(try Self.model()), Self.corner(working, reading, 3)))
  }

  /// Pages of 16 rows of 256 bytes, of which a quarter is attended to; a digest is a key and a value long.
  @Test func pagesAreDigestsAndPieces() throws {
    let dense = DenseCall(
      elementBytes: 2, headDim: 128, queryHeads: 32, kvHeads: 8, batch: 8, context: 16_000)
    let call = PageCall(dense: dense, budget: 0.25)
    #expect(call.load.score == [Access(bytes: 8 * 1000 * 512)])
    #expect(call.load.attend == [Access(bytes: 8 * 4000 * 512, pieceBytes: 4096)])
    #expect(call.load.candidates == 32_000 && call.load.rows == 32)
    // A quarter of the cache, and a sixteenth to choose by, are no more than four times as fast as all of it.
    let speedUp = call.speedUp(try Self.model())
    #expect(speedUp > 1 && speedUp < 4)
  }

  /// Two devices that share 8-bit weights, and a server that works through 32 prompt tokens beside 16 sequences.
  @Test(arguments: [1.0, 2])
  func aWholeStepIsTheFormula(devices: Double) throws {
    let step = MeasuredStep(
      model: .llama3_1_70B,
      geometry: PricedGeometry(
        layers: 80, queryHeads: 64, kvHeads: 8, headDim: 128, elementBytes: 2, context: 4096),
      weightBits: 8, batch: 16, devices: devices, prefill: 32)
    let parameters = ModelShape.llama3_1_70B.readParameters
    let bytes = 2 * 16 * (8 / devices) * 4096 * 128 * 2
    let busy = pow(pow(16 * (8 / devices) * 5 / 100, -4) + 1, -0.25)
    let attention = 10 + Self.corner(bytes / 0.9e6, bytes / (2e6 * busy), 4)
    let reading = parameters / (devices * 0.8e12) * 1e3
    let computing = 2 * parameters * (16 + 32) / (devices * 2e15 * 0.5) * 1e3
    let beside = 80 * (attention + 10) / 1e3 + 1 + 16 * 5 / 1e3
    let sums = devices > 1 ? 2 * 80 * 8 / 1e3 : 0
    let told = step.milliseconds(try Self.model())
    #expect(Self.close(told, reading + computing + beside + sums))
    // Kernels that were timed apart have nothing between them: a millisecond less.
    var apart = step
    apart.isSumOfKernels = true
    #expect(Self.close(apart.milliseconds(try Self.model()), told - 1))
  }
}
