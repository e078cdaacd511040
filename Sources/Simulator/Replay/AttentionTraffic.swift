import Attention
import Policies

/// The bytes that attending and appending move, charged alike for every policy.
struct AttentionTraffic {
  let group: GroupContext

  /// A step's new token: its key and value are written, whatever the policy, to where they will lie.
  ///
  /// - Parameter holdsWindow: whether the device holds the newest tokens for a while, before they go to the host.
  func append(_ place: CachePlace = CachePlace(), holdsWindow: Bool = true) -> Work {
    var work = Work()
    func write(_ content: TrafficContent, _ rowBytes: Int, _ tier: MemoryTier) {
      work.charge(
        DecodeOperation(.upkeep, .append, content, rowBytes: rowBytes, bits: group.cacheBits, tier: tier),
        TrafficBytes(written: rowBytes))
    }
    func write(_ keyBytes: Int, _ tier: MemoryTier) {
      write(.keys, keyBytes, tier)
      write(.values, group.cachedValueBytes, tier)
    }
    if place.sendsDecodedTokens { write(group.cachedKeyBytes - place.deviceKeyBytes, .host) }
    if holdsWindow { write(group.cachedKeyBytes, .device) }
    return work
  }

  /// Reads of a step's chosen rows. An evicting policy holds what it kept side by side, and streams it; the
  /// others gather rows, or pages of them.
  ///
  /// - Parameters:
  ///   - perHead: rows summed over query heads, and how many of them lie on the device whatever the query.
  ///   - union: the same of the group's union.
  ///   - pieceTokens: rows that lie side by side in a piece; bytes are those of the rows chosen, should a piece be partial.
  func attend(
    perHead: (all: Int, held: Int), union: (all: Int, held: Int), streams: Bool, readsKeys: Bool,
    pieceTokens: Int = 1, _ place: CachePlace = CachePlace()
  ) -> Work {
    var work = Work()
    func read(_ content: TrafficContent, _ rowBytes: Int, _ tier: MemoryTier, _ perHead: Int, _ union: Int) {
      work.charge(
        DecodeOperation(
          .attend, streams ? .stream : .gather, content, rowBytes: rowBytes, bits: group.cacheBits,
          pattern: streams ? .stream : .gather(rowBytes: pieceTokens * rowBytes), tier: tier),
        TrafficBytes(readPerHead: perHead * rowBytes, readGroupUnion: union * rowBytes))
    }
    func rows(_ tier: MemoryTier, _ perHead: Int, _ union: Int) {
      let near = tier == .host ? place.deviceKeyBytes : 0
      if readsKeys {
        read(.keys, group.cachedKeyBytes - near, tier, perHead, union)
        read(.keys, near, .device, perHead, union)
      }
      read(.values, group.cachedValueBytes, tier, perHead, union)
    }
    guard place.tier == .host else {
      rows(.device, perHead.all, union.all)
      return work
    }
    rows(.device, perHead.held, union.held)
    rows(.host, perHead.all - perHead.held, union.all - union.held)
    return work
  }

  /// Dense attention over the given steps: each query head reads all, or a group reads once.
  func dense(_ steps: [Step]) -> Work {
    var work = Work()
    for step in steps {
      let visible = step.visible.count
      work.merge(append())
      work.merge(
        attend(
          perHead: (visible * group.groupSize, 0), union: (visible, 0), streams: true, readsKeys: true))
    }
    return work
  }
}

/// Where a policy's keys and values lie.
struct CachePlace {
  var tier = MemoryTier.device
  var sendsDecodedTokens = false
  /// Of each key that lies on the host, bytes that lie on the device too.
  var deviceKeyBytes = 0

  init() {}

  init(_ policy: any Policy) {
    tier = policy.cacheTier
    sendsDecodedTokens = policy.sendsDecodedTokens
    deviceKeyBytes = policy.deviceKeyBytes
  }

  /// On the host, behind a buffer, wherever the policy would have it.
  init(buffered policy: any Policy) {
    self.init(policy)
    tier = .host
    sendsDecodedTokens = true
  }

  /// Tokens of a step that lie on the device beside a cache on the host: those that the policy names, and the newest,
  /// which was made there. Ascending, without overlap, none empty.
  func held(_ named: [Range<Int>], of step: Step) -> [Range<Int>] {
    guard tier == .host, !step.visible.isEmpty else { return [] }
    let newest = step.visible.upperBound - 1..<step.visible.upperBound
    let some = named.filter { !$0.isEmpty }
    return some.last?.upperBound == newest.upperBound ? some : some + [newest]
  }

  /// Whether the device keeps the newest token beyond its own step: where more than it is held at the end.
  func holdsWindow(_ held: [Range<Int>]) -> Bool {
    tier == .device || !sendsDecodedTokens || (held.last?.count ?? 0) > 1
  }
}
