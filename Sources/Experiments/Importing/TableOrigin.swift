import Foundation
import Pricing

/// What a published table's place in aiconfigurator's folders says of it: `data/MACHINE/attention/ENGINE/VERSION/FILE`, before
/// 2026 `data/MACHINE/ENGINE/VERSION/FILE`.
struct TableOrigin {
  /// As the imported table shall name it.
  let machine: String
  var engine: String?
  var version: String?
  /// The machine's description; nil where none is known, so that its times cannot be held against its memory.
  var description: HardwareDescription?
  /// The file's path from the machine's folder on, which means the same wherever that lies.
  var shortPath: String

  /// Names of bundled descriptions by those of folders; `Benchmarks/prices/machines.py` reads some by the same names.
  static let machines = [
    "a100_sxm": "a100-80gb", "h100_sxm": "h100-sxm", "h200_sxm": "h200", "h20_sxm": "h20",
    "b200_sxm": "b200", "b300_sxm": "b300", "gb200": "gb200", "gb200_sxm": "gb200", "gb300": "gb300",
    "gb300_sxm": "gb300", "gb10": "gb10", "l40s": "l40s", "rtx_5090": "rtx-5090",
    "rtx_pro_6000_server": "rtx-pro-6000", "rtxpro6000_blackwell_server": "rtx-pro-6000",
    "b60": "arc-pro-b60",
  ]

  /// - Parameter machine: a folder's or a bundled machine's name or a description's path, in place of what the file's place says.
  /// - Throws: `PricingError` where neither says which machine it is, or a description is wrong.
  init(file: String, machine: String? = nil) throws {
    let parts = URL(fileURLWithPath: file).standardizedFileURL.pathComponents
    let place = Self.machinePlace(parts)
    guard let name = machine ?? place.map({ parts[$0] }) else {
      throw PricingError(
        file, expected: "a table in the folder of its machine, such as h100_sxm/attention/vllm/0.24.0",
        found: "no such folder", advice: "name the machine")
    }
    description = try Self.description(name)
    let isPath = name.hasSuffix(".yaml") || name.contains("/")
    self.machine = isPath ? description?.name ?? name : name
    if let place, parts.count - place >= 4 {
      (engine, version) = (parts[parts.count - 3], parts[parts.count - 2])
    }
    shortPath = parts[(place ?? parts.count - 1)...].joined(separator: "/")
  }

  /// Which of a path's parts is the machine's folder.
  private static func machinePlace(_ parts: [String]) -> Int? {
    let folders = parts.dropLast()
    func part(_ fromEnd: Int) -> String? { parts.count > fromEnd ? parts[parts.count - fromEnd] : nil }
    if part(4) == "attention", parts.count > 5 { return parts.count - 5 }
    if let known = folders.lastIndex(where: { machines[$0] != nil }) { return known }
    return part(5) == "data" ? parts.count - 4 : nil
  }

  private static func description(_ name: String) throws -> HardwareDescription? {
    if let known = machines[name] { return try HardwareLocator.machine(known) }
    let isPath = name.hasSuffix(".yaml") || name.contains("/")
    return try isPath || HardwareLocator.names().contains(name) ? HardwareLocator.machine(name) : nil
  }
}
