/// One thing that a decode step does: the one description from which bytes, kernel times and prices follow.
///
/// Whoever computes through a primitive of a policy's block emits the operation by that very call.
public struct DecodeOperation: Hashable, Sendable {
  public let stage: Stage
  public let kernel: KernelKind
  public let kind: TrafficKind
  /// Of one row that the kernel goes over: a key, a vector, a score. What is gathered may be pieces of several rows.
  public let rowBytes: Int
  /// Of one number in a row.
  public let bits: Int
  /// Numbers, or codes, of a row: fewer than fill it where a scale and an offset lie beside them.
  public let numbers: Int

  /// - Parameters:
  ///   - rowBytes: of one row, what lies beside its numbers included.
  ///   - numbers: nil for as many as fill the row.
  ///   - pattern: how the rows are touched; one after the other by default.
  public init(
    _ stage: Stage, _ kernel: KernelKind, _ content: TrafficContent, rowBytes: Int, bits: Int = 16,
    numbers: Int? = nil, pattern: AccessPattern = .stream, tier: MemoryTier = .device
  ) {
    self.stage = stage
    self.kernel = kernel
    self.rowBytes = rowBytes
    self.bits = bits
    self.numbers = numbers ?? rowBytes * 8 / max(bits, 1)
    kind = TrafficKind(content, pattern, tier: tier)
  }

  /// Scores that the kernel of a stage writes, or reads, 32 bits each.
  public static func scores(_ stage: Stage, by kernel: KernelKind) -> DecodeOperation {
    DecodeOperation(stage, kernel, .scores, rowBytes: 4, bits: 32)
  }

  /// Token numbers, written for what chooses later or read by it.
  public static func list(_ stage: Stage) -> DecodeOperation {
    DecodeOperation(stage, .list, .metadata, rowBytes: 4, bits: 32)
  }

  /// Numbers alone, since work is counted at every step and hashing names takes longer than telling few operations apart.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(rowBytes)
    hasher.combine(bits)
  }

  /// A fixed order, so that results are written the same way every time.
  public var sortKey: String {
    "\(stage.rawValue) \(kernel.rawValue) \(kind.sortKey) \(rowBytes) \(bits)"
  }
}
