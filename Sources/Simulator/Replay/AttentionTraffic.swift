import Policies

/// The bytes that attending and appending move, charged alike for every policy.
struct AttentionTraffic {
  let group: GroupContext

  /// A new token's key and value are written, whatever the policy, to where the cache lies.
  func append(steps: Int, tier: MemoryTier = .device) -> TrafficLedger {
    var ledger = TrafficLedger()
    ledger.charge(.init(.keys, .stream, tier: tier), TrafficBytes(written: steps * group.keyRowBytes))
    ledger.charge(.init(.values, .stream, tier: tier), TrafficBytes(written: steps * group.valueRowBytes))
    return ledger
  }

  /// Reads of chosen rows. An evicting policy holds what it kept side by side, and streams it; the
  /// others gather rows.
  ///
  /// - Parameters:
  ///   - perHead: rows summed over query heads and steps.
  ///   - union: rows of the group's union, summed over steps.
  ///   - tier: where the cache lies.
  func attend(
    perHead: Int, union: Int, streams: Bool, readsKeys: Bool, tier: MemoryTier = .device
  ) -> TrafficLedger {
    var ledger = TrafficLedger()
    let rows: [(TrafficContent, Int)] =
      readsKeys
      ? [(.keys, group.keyRowBytes), (.values, group.valueRowBytes)] : [(.values, group.valueRowBytes)]
    for (content, rowBytes) in rows {
      ledger.charge(
        TrafficKind(content, streams ? .stream : .gather(rowBytes: rowBytes), tier: tier),
        TrafficBytes(readPerHead: perHead * rowBytes, readGroupUnion: union * rowBytes))
    }
    return ledger
  }

  /// Dense attention over the given steps: each query head reads all, or a group reads once.
  func dense(_ steps: [Step]) -> TrafficLedger {
    let visible = steps.reduce(0) { $0 + $1.visible.count }
    var ledger = append(steps: steps.count)
    ledger.merge(
      attend(perHead: visible * group.groupSize, union: visible, streams: true, readsKeys: true))
    return ledger
  }
}
