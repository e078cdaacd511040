import Foundation
import Hardware

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
    throw HardwareError(
      "\(name): expected among the bundled files, found in none of \(folders.map(\.path).joined(separator: ", ")); set FASA_SIM_HARDWARE to the folder that holds them"
    )
  }

  private static func isPath(_ name: String) -> Bool { name.hasSuffix(".yaml") || name.contains("/") }

  private static func bundled(_ name: String, kind: String, folder: String) throws -> String {
    for parent in folders {
      let path = parent.appendingPathComponent(folder).appendingPathComponent(name + ".yaml").path
      if FileManager.default.fileExists(atPath: path) { return path }
    }
    throw HardwareError(
      "no \(kind) is called '\(name)': there are \(names(folder: folder).joined(separator: ", ")); or name a .yaml file"
    )
  }
}
