import Foundation
import Hardware

/// A measured machine as the YAML file that describes it.
package struct HardwareText {
  let machine: HardwareDescription

  package init(machine: HardwareDescription) { self.machine = machine }

  package var yaml: String {
    let memory = machine.memory
    var lines = [
      "name: \(machine.name)", "title: \(quoted(machine.title))", "kind: \(machine.kind.rawValue)",
      "compute_units: \(number(machine.computeUnits ?? 1))  # threads that were measured",
      "memory:", "  capacity_bytes: \(number(memory.capacityBytes))",
      "  bandwidth_bytes_per_s: \(number(memory.bandwidthBytesPerSecond))  # measured: all threads reading",
      "  sector_bytes: \(number(memory.sectorBytes))", "  line_bytes: \(number(memory.lineBytes))",
    ]
    if let latency = memory.latencyNs {
      lines.append("  latency_ns: \(number(latency))  # measured: a walk from line to line")
    }
    if let outstanding = memory.maxOutstandingBytes {
      lines.append("  max_outstanding_bytes: \(number(outstanding))  # bandwidth times latency")
    }
    if let cache = machine.lastLevelCache {
      lines += ["last_level_cache:", "  bytes: \(number(cache.bytes))"]
      if let bandwidth = cache.bandwidthBytesPerSecond {
        lines.append("  bandwidth_bytes_per_s: \(number(bandwidth))  # measured")
      }
    }
    lines += ["compute:", "  peak_flops:"]
    lines += machine.peakOperationsPerSecond.sorted { $0.key < $1.key }.map {
      "    \($0): \(number($1))  # measured"
    }
    if let set = machine.kernels {
      lines.append("kernels:")
      lines += KernelSetFields(set: set).lines.map { "  " + $0 }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func quoted(_ text: String) -> String { "'\(text.replacing("'", with: "''"))'" }
  private func number(_ value: Double) -> String { String(format: "%.6g", value) }
}

/// The fields of a kernel set, a line each.
struct KernelSetFields {
  let set: KernelSet

  var lines: [String] {
    var lines = [
      "name: \(set.name)", "title: \(set.title)", "launches_ahead: \(set.launchesAhead)",
      "compute_efficiency: \(number(set.computeEfficiency))",
      "dense:", "  launch_ns: \(number(set.dense.launchNs))", "  latency_ns: \(number(set.dense.latencyNs))",
      "  stream_efficiency: \(number(set.dense.streamEfficiency))",
      "sparse:", "  launch_ns: \(number(set.sparse.launchNs))",
      "  split_select_launch_ns: \(number(set.sparse.splitSelectLaunchNs))",
      "  latency_ns: \(number(set.sparse.latencyNs))",
      "  stream_efficiency: \(number(set.sparse.streamEfficiency))", "  gather_efficiency:",
    ]
    lines += set.sparse.gatherEfficiency.map {
      "    - {row_bytes: \(number($0.rowBytes)), efficiency: \(number($0.efficiency))}"
    }
    lines += [
      "  select_passes: \(number(set.sparse.selectPasses))",
      "  serial_ns_per_token: \(number(set.sparse.serialNsPerToken))",
    ]
    guard let calibration = set.calibration else { return lines }
    lines += [
      "calibration:", "  method: \(calibration.method)", "  machine: \(calibration.machine)",
      "  bandwidth_bytes_per_s: \(String(format: "%.6g", calibration.bandwidthBytesPerSecond))",
      "  data: '\(calibration.data)'", "  held_out: \(text(calibration.heldOut))",
    ]
    if let other = calibration.otherMachine { lines.append("  other_machine: \(text(other))") }
    return lines
  }

  private func number(_ value: Double) -> String { String(format: "%.4g", value) }

  private func text(_ error: ModelError) -> String {
    "{median_relative_error: \(number(error.median)), p90_relative_error: \(number(error.p90)), "
      + "signed_mean_relative_error: \(number(error.signedMean)), cases: \(error.cases)}"
  }
}
