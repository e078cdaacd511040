import Foundation
import Kernels

/// The machine this program runs on.
public struct HostMachine: Sendable, Codable, Equatable {
  /// The processor's own name for itself.
  public let processor: String
  /// Logical cores.
  public let cores: Int
  public let memoryBytes: Int
  /// Last-level cache, or nil where the system does not say.
  public let lastLevelCacheBytes: Int?
  public let instructionSets: [InstructionSet]

  /// Bytes of core 0's data caches, nearest first; empty where the system does not say.
  public var dataCaches: [Int] { Self.caches() }

  public static let current = HostMachine(
    processor: processorName() ?? "unknown processor", cores: ProcessInfo.processInfo.activeProcessorCount,
    memoryBytes: Int(clamping: ProcessInfo.processInfo.physicalMemory), lastLevelCacheBytes: lastLevelCache(),
    instructionSets: InstructionSet.available)

  /// The machine's name in its network; nil where it has none.
  public static var name: String? {
    var found = utsname()
    guard uname(&found) == 0 else { return nil }
    let name = withUnsafeBytes(of: &found.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    return name.isEmpty ? nil : name
  }

  private static func processorName() -> String? {
    guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return nil }
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":", maxSplits: 1).last.map { $0.trimmingCharacters(in: .whitespaces) }
  }

  /// The largest of core 0's caches.
  private static func lastLevelCache() -> Int? { caches().max() }

  /// What the kernel lists for core 0, caches of instructions left out.
  private static func caches() -> [Int] {
    (0..<8).compactMap { index in
      let folder = "/sys/devices/system/cpu/cpu0/cache/index\(index)/"
      guard let size = line(of: folder + "size"), line(of: folder + "type") != "Instruction",
        let number = Int(size.dropLast())
      else { return nil }
      return number * (size.hasSuffix("M") ? 1 << 20 : 1 << 10)
    }.sorted()
  }

  private static func line(of path: String) -> String? {
    let text = try? String(contentsOfFile: path, encoding: .utf8)
    return text?.trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
