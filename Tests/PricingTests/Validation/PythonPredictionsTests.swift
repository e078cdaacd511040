import Foundation
import Testing

@testable import Pricing

/// Rows of the bundled tables as `Benchmarks/prices` predicts them from the numbers of its `params.json`: by
/// `dense.microseconds(parameters, dense.Shapes.of(row))` and `stages.select(parameters, row)`.
@Suite struct PythonPredictionsTests {
  /// `vllm_flash_attn_fa3` of 16-bit caches and heads of 128 on the H100, and a top-k there over flat scores.
  private static let kernels = """
    name: h100
    title: of one kernel
    launches_ahead: true
    compute_efficiency: 1
    dense:
      launch_ns: 0
      latency_ns: 14270
      stream_efficiency: 0.9018
      blocks: {rate: 2.344, splits: 30.9}
      cache_share: 0.7077
    sparse:
      launch_ns: 0
      split_select_launch_ns: 0
      latency_ns: 0
      stream_efficiency: 0.5
      gather_efficiency:
        - {row_bytes: 256, efficiency: 0.25}
      select: {start_ns: 9880, token_ns: 0.4095, occupancy: 0.7545, efficiency: 0.2469}
    """

  private static func model() throws -> CostModel {
    CostModel(
      machine: try HardwareDescription(path: Machines.path("h100-sxm.yaml")),
      kernels: try KernelSet(yaml: kernels, file: "k.yaml"))
  }

  /// Measured: 100.49 µs from memory, and 19.82 µs of which the cache serves most.
  @Test(arguments: [(8.0, 103.60832827), (1, 18.99732783)])
  func denseRows(batch: Double, microseconds: Double) throws {
    let call = DenseCall(
      elementBytes: 2, headDim: 128, queryHeads: 32, kvHeads: 8, batch: batch, context: 8192)
    #expect(abs(call.microseconds(try Self.model()) / microseconds - 1) < 1e-6)
  }

  /// Measured: 13.17 µs and 2,451.81 µs. Python's lets the cache serve scores again, of which it holds next to none.
  @Test(arguments: [(4.0, 8196.0, 13.2362629), (2048, 202_752, 2109.27713839)])
  func topKRows(rows: Double, candidates: Double, microseconds: Double) throws {
    let call = TopKCall(rows: rows, candidates: candidates)
    #expect(abs(call.microseconds(try Self.model()) / microseconds - 1) < 1e-5)
  }
}
