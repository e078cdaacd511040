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

  public static let current = HostMachine(
    processor: processorName() ?? "unknown processor", cores: ProcessInfo.processInfo.activeProcessorCount,
    memoryBytes: Int(clamping: ProcessInfo.processInfo.physicalMemory), lastLevelCacheBytes: lastLevelCache(),
    instructionSets: InstructionSet.available)

  private static func processorName() -> String? {
    guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return nil }
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":", maxSplits: 1).last.map { $0.trimmingCharacters(in: .whitespaces) }
  }

  /// The largest cache that the kernel lists for core 0.
  private static func lastLevelCache() -> Int? {
    let sizes = (0..<8).compactMap { index -> Int? in
      let path = "/sys/devices/system/cpu/cpu0/cache/index\(index)/size"
      guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
      let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
      guard let number = Int(trimmed.dropLast()) else { return nil }
      return number * (trimmed.hasSuffix("M") ? 1 << 20 : 1 << 10)
    }
    return sizes.max()
  }
}
