import Attention
import Foundation
import Yams

extension HardwareDescription {
  /// Reads a machine's YAML file; every field is checked, with its unit.
  public init(path: String) throws {
    try self.init(yaml: try HardwareFile.text(path), file: path)
  }

  public init(yaml: String, file: String) throws {
    let fields = try HardwareFile.fields(yaml, file: file)
    name = try fields.word("name")
    title = try fields.word("title")
    device = try fields.optionalWord("device")
    kind = try fields.choice("kind", Kind.self)
    maker = try fields.optionalWord("maker")
    computeUnits = try fields.optionalNumber("compute_units", unit: "units")
    memory = try Memory(fields.inner("memory"))
    lastLevelCache = try fields.optionalInner("last_level_cache").map { try Cache($0) }
    let compute = try fields.inner("compute")
    let peak = try compute.inner("peak_flops")
    peakOperationsPerSecond = [:]
    for type in ["f32", "f16", "bf16", "f8"] {
      peakOperationsPerSecond[type] = try peak.optionalNumber(type, unit: "operations per second")
    }
    try peak.finish()
    try compute.finish()
    guard peakOperationsPerSecond.keys.contains(where: { $0 != "f8" }) else {
      throw PricingError(
        "\(file): compute.peak_flops", expected: "f32, f16 or bf16 in operations per second",
        found: "none of them")
    }
    hostLink = try fields.optionalInner("host_link").map { try Link($0) }
    launchScale = try fields.optionalNumber("launch_scale", unit: "times", range: 0.01...100) ?? 1
    kernels = try fields.optionalInner("kernels").map { try KernelSet($0) }
    kernelSet = try fields.optionalWord("kernel_set")
    try fields.finish()
    digest = HardwareFile.digest(yaml)
    kernels?.digest = digest
  }
}

extension HardwareDescription.Memory {
  fileprivate init(_ fields: FieldReader) throws {
    kind = try fields.optionalChoice("kind", HardwareDescription.MemoryKind.self)
    hasInlineECC = try fields.optionalFlag("inline_ecc") ?? false
    capacityBytes = try fields.number("capacity_bytes", unit: "bytes")
    bandwidthBytesPerSecond = try fields.number("bandwidth_bytes_per_s", unit: "bytes per second")
    sectorBytes = try fields.number("sector_bytes", unit: "bytes", range: 1...65_536)
    lineBytes = try fields.number("line_bytes", unit: "bytes", range: 1...65_536)
    latencyNs = try fields.optionalNumber("latency_ns", unit: "nanoseconds")
    maxOutstandingBytes = try fields.optionalNumber("max_outstanding_bytes", unit: "bytes")
    try fields.finish()
  }
}

extension HardwareDescription.Cache {
  fileprivate init(_ fields: FieldReader) throws {
    bytes = try fields.number("bytes", unit: "bytes")
    bandwidthBytesPerSecond = try fields.optionalNumber("bandwidth_bytes_per_s", unit: "bytes per second")
    try fields.finish()
  }
}

extension HardwareDescription.Link {
  fileprivate init(_ fields: FieldReader) throws {
    name = try fields.word("name")
    bandwidthBytesPerSecond = try fields.number("bandwidth_bytes_per_s", unit: "bytes per second")
    latencyNs = try fields.optionalNumber("latency_ns", unit: "nanoseconds")
    payloadBytes = try fields.number("payload_bytes", unit: "bytes", range: 1...65_536)
    headerBytes = try fields.number("header_bytes", unit: "bytes", range: 0...65_536)
    try fields.finish()
  }
}

/// What the readers of YAML files share.
enum HardwareFile {
  static func text(_ path: String) throws -> String {
    guard let text = try PlainYAML.text(path) else {
      throw PricingError(
        path, expected: "a YAML file", found: "none that can be read", advice: "name another file")
    }
    return text
  }

  static func fields(_ yaml: String, file: String) throws -> FieldReader {
    let node: Node?
    do {
      node = try PlainYAML.compose(yaml, file: file)
    } catch let error as YamlError {
      throw PricingError(
        file, expected: "YAML", found: "\("\(error)".split(separator: "\n").first ?? "something else")")
    }
    guard let node else {
      throw PricingError(file, expected: "a mapping of fields", found: "an empty file")
    }
    return try FieldReader(node, file: file)
  }

  static func digest(_ text: String) -> String {
    SHA256Digest.hex(of: text.utf8)
  }
}
