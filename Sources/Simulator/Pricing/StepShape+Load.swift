import Attention
import Hardware
import Policies

/// A model's attention at a context, for which a stored run is priced.
public struct PricedGeometry: Sendable, Equatable {
  public var layers: Double
  public var queryHeads: Double
  public var kvHeads: Double
  public var headDim: Double
  public var elementBytes: Double
  /// Tokens a query sees.
  public var context: Double

  public init(
    layers: Double, queryHeads: Double, kvHeads: Double, headDim: Double, elementBytes: Double,
    context: Double
  ) {
    self.layers = layers
    self.queryHeads = queryHeads
    self.kvHeads = kvHeads
    self.headDim = headDim
    self.elementBytes = elementBytes
    self.context = context
  }

  public var groupSize: Double { queryHeads / kvHeads }
}

extension StepShape {
  /// Tokens that a head attends to at another context: a count stays, a share grows with it.
  public func selected(at context: Double) -> Double {
    guard case .tokens(let count) = budget else { return selected * context / visible }
    // Where the trace had no more tokens than the budget, all of them were attended to.
    return min(selected < visible * 0.999 ? selected : Double(count), context)
  }

  /// What a step of one layer asks of a machine at another geometry: the measured shares, scaled.
  ///
  /// At the trace's own geometry and context these are the counted bytes. How much a group's heads share is known for
  /// the trace's group size; a larger group is taken to share in proportion.
  public func load(_ target: PricedGeometry, reading: Reading) -> StepLoad {
    let width = target.headDim * target.elementBytes / (headDim * elementBytes)
    let longer = target.context / visible
    let chosen = selected > 0 ? selected(at: target.context) / selected : 0
    // What an evicting policy keeps is all that it goes through.
    let choosing = policyKind == .eviction ? chosen : longer
    var load = StepLoad()
    for entry in entries {
      let isAttending = isAttending(entry.kind)
      let isScores = entry.kind.content == .scores
      // Rows that a choosing policy streams are of layers that it keeps dense.
      let isDense = isAttending && gathers && entry.kind.pattern == .stream
      let factor = (isAttending && !isDense ? chosen : choosing) * (isScores ? 1 : width)
      let limit = isAttending ? target.context * width * headDim * elementBytes : .infinity
      let read = access(entry, factor: factor, limit: limit, target: target, reading: reading, width: width)
      let fixed =
        entry.kind.content == .keys || entry.kind.content == .values || entry.kind.content == .metadata
      let written = Access(
        bytes: entry.written * (fixed ? width : factor) * target.kvHeads
          * (isScores ? target.groupSize / groupSize : 1),
        pattern: .stream, isOnHost: entry.kind.tier == .host)
      if isScores {
        load.select += [read, written]
        load.candidates += entry.readPerHead / 4 * factor * target.queryHeads / groupSize
      } else {
        if written.bytes > 0 { load.upkeep.append(written) }
        guard read.bytes > 0 else { continue }
        let operations = 2 * entry.readPerHead * factor * target.queryHeads / groupSize / target.elementBytes
        if isAttending {
          load.attend.append(read)
          load.attendOperations += operations
        } else {
          load.score.append(read)
          load.scoreOperations += operations
        }
      }
    }
    load.rows = max(1, target.queryHeads)
    load.chooses =
      load.candidates > 0 || gathers
      || entries.contains { $0.kind.content == .metadata && $0.readPerHead > 0 }
    load.prefetches = prefetches
    return load
  }

  private func access(
    _ entry: Entry, factor: Double, limit: Double, target: PricedGeometry, reading: Reading, width: Double
  ) -> Access {
    let perHead = entry.readPerHead * factor * target.groupSize / groupSize
    let served = entry.readGroupUnion > 0 ? entry.readPerHead / entry.readGroupUnion : 1
    let union = min(perHead / sharing(served, at: target.groupSize), max(limit, perHead / target.groupSize))
    let pattern: Access.Pattern
    var extent = Double.infinity
    switch entry.kind.pattern {
    case .stream: pattern = .stream
    case .gather(let rowBytes):
      pattern = .gather(rowBytes: Double(rowBytes) * width)
      // Channels lie in rows of keys: whole sectors of them are never more than the rows.
      if entry.kind.content == .keys, !isAttending(entry.kind) {
        extent = target.context * target.headDim * target.elementBytes * target.kvHeads
      }
    }
    return Access(
      bytes: union * target.kvHeads,
      againBytes: reading == .perHead ? (perHead - union) * target.kvHeads : 0, pattern: pattern,
      isOnHost: entry.kind.tier == .host, extentBytes: extent)
  }

  /// How many heads each read serves, at another group size: 1 stays 1, and the whole group stays the whole group.
  private func sharing(_ own: Double, at size: Double) -> Double {
    guard groupSize > 1 else { return policyKind == .bound && selected >= visible ? size : 1 }
    return 1 + (own - 1) * (size - 1) / (groupSize - 1)
  }

  /// Resident bytes of one sequence over all layers: on the device and on the host.
  public func residentBytes(_ target: PricedGeometry) -> (device: Double, host: Double) {
    let width = target.headDim * target.elementBytes / (headDim * elementBytes)
    let isCount = if case .tokens = budget { true } else { false }
    let grows =
      policyKind == .eviction && isCount && selected > 0
      ? selected(at: target.context) / selected : target.context / visibleAtEnd
    let factor = width * target.kvHeads * target.layers
    let chosen = selected > 0 ? selected(at: target.context) / selected : grows
    let kept = min(keptOnDevice, residentDeviceBytes)
    return (
      ((residentDeviceBytes - kept) * grows + kept * chosen) * factor,
      (residentHostBytes + kept) * grows * factor - kept * chosen * factor
    )
  }

  /// Rows that lie on the device beside a cache on the host, which are read at every step and are part of what is
  /// chosen: they grow as that does, and not with the context.
  private var keptOnDevice: Double {
    let rows = entries.filter {
      if case .gather = $0.kind.pattern { $0.kind.content == .values } else { false }
    }
    guard rows.contains(where: { $0.kind.tier == .host }) else { return 0 }
    let isWhole = entries.filter { entry in
      guard case .gather = entry.kind.pattern, entry.kind.tier == .device else { return false }
      return entry.kind.content == .values || (entry.kind.content == .keys && isAttending(entry.kind))
    }
    return isWhole.contains { $0.kind.content == .values } ? isWhole.reduce(0) { $0 + $1.readGroupUnion } : 0
  }
}
