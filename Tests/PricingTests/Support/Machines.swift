import Foundation

@testable import Pricing

/// Machines and kernels to compute by hand with.
enum Machines {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(
    path: "../../../hardware"
  ).standardized

  static func path(_ name: String) -> String { folder.appending(path: name).path(percentEncoded: false) }

  /// 1 TB/s, 1 PFLOP/s, 32-byte sectors; a link of 10 GB/s with 256 + 24 bytes a transaction and 1 µs.
  static let plain = """
    name: plain
    title: a machine to compute by hand with
    kind: gpu
    memory:
      capacity_bytes: 1e11
      bandwidth_bytes_per_s: 1e12
      sector_bytes: 32
      line_bytes: 128
    last_level_cache:
      bytes: 1e6
      bandwidth_bytes_per_s: 4e12
    compute:
      peak_flops:
        f16: 1e15
    host_link:
      name: wire
      bandwidth_bytes_per_s: 1e10
      latency_ns: 1000
      payload_bytes: 256
      header_bytes: 24
    """

  /// Half the bandwidth streaming when choosing, all of it when dense, a quarter in rows of 256 bytes.
  static let kernels = """
    name: simple
    title: kernels to compute by hand with
    launches_ahead: false
    compute_efficiency: 0.5
    dense: {launch_ns: 1000, latency_ns: 500, stream_efficiency: 1}
    sparse:
      launch_ns: 2000
      split_select_launch_ns: 300
      latency_ns: 700
      stream_efficiency: 0.5
      gather_efficiency:
        - {row_bytes: 256, efficiency: 0.25}
        - {row_bytes: 64, efficiency: 0.125}
      select_passes: 3
      serial_ns_per_token: 2
    """

  static func model(_ machine: String = plain, _ kernels: String = kernels) throws -> CostModel {
    CostModel(
      machine: try HardwareDescription(yaml: machine, file: "m.yaml"),
      kernels: try KernelSet(yaml: kernels, file: "k.yaml"))
  }
}
