/// What the moved bytes are.
public enum TrafficContent: String, Sendable, CaseIterable, Codable {
  case keys, values
  /// What a policy keeps beside the cache to choose by: side caches, page bounds, codes.
  case metadata
  /// Scores written by one kernel and read by the next.
  case scores
  /// What an evicting policy carries from step to step.
  case state
}

/// Where the bytes lie.
public enum MemoryTier: String, Sendable, CaseIterable, Codable { case device, host }

/// How the bytes are touched; rounding to a machine's sectors is done when they are priced, never before.
public enum AccessPattern: Hashable, Sendable {
  case stream
  /// Scattered pieces of `rowBytes` each.
  case gather(rowBytes: Int)

  public var name: String {
    switch self {
    case .stream: "stream"
    case .gather(let rowBytes): "gather-\(rowBytes)"
    }
  }
}

/// What is moved, where it lies and how it is touched.
public struct TrafficKind: Hashable, Sendable {
  public let content: TrafficContent
  public let tier: MemoryTier
  public let pattern: AccessPattern

  public init(_ content: TrafficContent, _ pattern: AccessPattern, tier: MemoryTier = .device) {
    self.content = content
    self.tier = tier
    self.pattern = pattern
  }

  /// A fixed order, so that results are written the same way every time.
  public var sortKey: String { "\(content.rawValue) \(tier.rawValue) \(pattern.name)" }
}

/// Bytes moved, under both readings of a GQA group.
public struct TrafficBytes: Hashable, Sendable {
  /// Every query head reads for itself.
  public var readPerHead = 0
  /// The query heads of a KV head share each read: the union of what they need.
  public var readGroupUnion = 0
  public var written = 0

  public init(readPerHead: Int = 0, readGroupUnion: Int = 0, written: Int = 0) {
    self.readPerHead = readPerHead
    self.readGroupUnion = readGroupUnion
    self.written = written
  }

  public static func += (left: inout TrafficBytes, right: TrafficBytes) {
    left.readPerHead += right.readPerHead
    left.readGroupUnion += right.readGroupUnion
    left.written += right.written
  }

  public var perHead: Int { readPerHead + written }
  public var groupUnion: Int { readGroupUnion + written }
}
