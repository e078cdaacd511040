/// What one policy did for one KV head, summed over steps: its operations, and the bytes that each moved.
public struct Work: Sendable, Equatable {
  public private(set) var operations: [DecodeOperation: TrafficBytes] = [:]

  public init() {}

  /// Adds bytes of an operation; nothing moved leaves no entry.
  public mutating func charge(_ operation: DecodeOperation, _ amount: TrafficBytes) {
    guard amount != TrafficBytes() else { return }
    operations[operation, default: TrafficBytes()] += amount
  }

  public mutating func merge(_ other: Work) {
    for (operation, amount) in other.operations { charge(operation, amount) }
  }

  /// The operations in a fixed order.
  public var sorted: [(operation: DecodeOperation, bytes: TrafficBytes)] {
    operations.map { (operation: $0.key, bytes: $0.value) }
      .sorted { $0.operation.sortKey < $1.operation.sortKey }
  }

  /// The bytes by what is moved, whichever stage moves it.
  public var bytes: [TrafficKind: TrafficBytes] {
    operations.reduce(into: [:]) { sums, entry in sums[entry.key.kind, default: TrafficBytes()] += entry.value
    }
  }

  public var total: TrafficBytes {
    operations.values.reduce(into: TrafficBytes()) { $0 += $1 }
  }
}
