import Foundation
import Yams

extension HardwareDescription {
  /// The YAML file that ``init(yaml:file:)`` reads back as this very description, its digest apart.
  public func yaml() throws -> String { try FieldWriter.text(fields) }

  private var fields: FieldWriter {
    var fields = FieldWriter()
    fields.text("name", name)
    fields.text("title", title)
    fields.text("device", device)
    fields.word("kind", kind.rawValue)
    fields.text("maker", maker)
    fields.number("compute_units", computeUnits)
    fields.inner("memory", memory.fields)
    fields.inner("last_level_cache", lastLevelCache?.fields)
    var peak = FieldWriter()
    for (type, operations) in peakOperationsPerSecond.sorted(by: { $0.key < $1.key }) {
      peak.number(type, operations)
    }
    var compute = FieldWriter()
    compute.inner("peak_flops", peak)
    fields.inner("compute", compute)
    fields.inner("host_link", hostLink?.fields)
    fields.number("launch_scale", launchScale == 1 ? nil : launchScale)
    fields.text("kernel_set", kernelSet)
    fields.inner("kernels", kernels?.fields)
    return fields
  }
}

extension HardwareDescription.Memory {
  fileprivate var fields: FieldWriter {
    var fields = FieldWriter()
    if let kind { fields.word("kind", kind.rawValue) }
    if hasInlineECC { fields.word("inline_ecc", "true") }
    fields.number("capacity_bytes", capacityBytes)
    fields.number("bandwidth_bytes_per_s", bandwidthBytesPerSecond)
    fields.number("sector_bytes", sectorBytes)
    fields.number("line_bytes", lineBytes)
    fields.number("latency_ns", latencyNs)
    fields.number("max_outstanding_bytes", maxOutstandingBytes)
    return fields
  }
}

extension HardwareDescription.Cache {
  fileprivate var fields: FieldWriter {
    var fields = FieldWriter()
    fields.number("bytes", bytes)
    fields.number("bandwidth_bytes_per_s", bandwidthBytesPerSecond)
    return fields
  }
}

extension HardwareDescription.Link {
  fileprivate var fields: FieldWriter {
    var fields = FieldWriter()
    fields.text("name", name)
    fields.number("bandwidth_bytes_per_s", bandwidthBytesPerSecond)
    fields.number("latency_ns", latencyNs)
    fields.number("payload_bytes", payloadBytes)
    fields.number("header_bytes", headerBytes)
    return fields
  }
}
