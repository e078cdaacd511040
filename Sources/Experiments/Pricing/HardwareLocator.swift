import Attention
import Foundation
import Pricing

/// Finds descriptions of machines and kernel sets: a user's file, or a bundled one by its name.
public enum HardwareLocator {
  public static var folders: [URL] { DataFolders.named("hardware", variable: "FASA_SIM_HARDWARE") }

  /// A file that ends in `.yaml` or holds a slash, else the name of a bundled machine.
  public static func machine(_ name: String) throws -> HardwareDescription {
    if isPath(name) { return try HardwareDescription(path: name) }
    return try HardwareDescription(path: try bundled(name, kind: "machine", folder: ""))
  }

  public static func kernels(_ name: String) throws -> KernelSet {
    if isPath(name) { return try KernelSet(path: name) }
    return try KernelSet(path: try bundled(name, kind: "kernel set", folder: "kernels"))
  }

  /// Whether a name is that of a bundled machine or kernel set, or a file's.
  ///
  /// - Throws: `PricingError` where it is none of them.
  public static func checkName(_ name: String) throws {
    let known = names() + names(folder: "kernels")
    guard !isPath(name), !known.contains(name) else { return }
    throw PricingError(
      "'\(name)'", expected: "the name of a machine or kernel set, or a .yaml file", found: "none of them",
      advice: NearestName.advice(for: name, among: known))
  }

  /// Names of all bundled machines, or kernel sets.
  public static func names(folder: String = "") -> [String] {
    let all = folders.flatMap { parent in
      (try? FileManager.default.contentsOfDirectory(atPath: parent.appendingPathComponent(folder).path)) ?? []
    }
    return Set(all.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }).sorted()
  }

  public static func machines() throws -> [HardwareDescription] { try names().map(machine) }

  /// A bundled file of another kind, such as a table of measurements.
  public static func file(_ name: String) throws -> String {
    for parent in folders {
      let path = parent.appendingPathComponent(name).path
      if FileManager.default.fileExists(atPath: path) { return path }
    }
    throw PricingError(
      name, expected: "a bundled file", found: "none in \(folders.map(\.path).joined(separator: ", "))",
      advice: "set FASA_SIM_HARDWARE to the folder that holds them")
  }

  private static func isPath(_ name: String) -> Bool { name.hasSuffix(".yaml") || name.contains("/") }

  private static func bundled(_ name: String, kind: String, folder: String) throws -> String {
    for parent in folders {
      let path = parent.appendingPathComponent(folder).appendingPathComponent(name + ".yaml").path
      if FileManager.default.fileExists(atPath: path) { return path }
    }
    throw PricingError(
      "'\(name)'", expected: "the name of a \(kind), or a .yaml file", found: "neither",
      advice: NearestName.advice(for: name, among: names(folder: folder)))
  }
}
