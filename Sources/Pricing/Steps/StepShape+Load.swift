import Attention

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
    let growth = Growth(self, target)
    var load = StepLoad()
    load.cache = target.rows
    for entry in entries {
      let read = access(entry, growth, reading: reading)
      let written = Access(
        bytes: entry.written * growth.written(entry) * target.kvHeads
          * (entry.isScores ? target.groupSize / groupSize : 1),
        isOnHost: entry.isOnHost)
      if entry.isScores {
        load.select += [read, written]
        load.candidates += entry.readPerHead / 4 * growth.read(entry) * target.queryHeads / groupSize
        continue
      }
      // Values that are channels of the keys have been read and written with them.
      let isCounted = !(target.sharesValues && entry.operation.kind.content == .values)
      if written.bytes > 0, isCounted { load.upkeep.append(written) }
      guard read.bytes > 0 else { continue }
      let products =
        2 * entry.readPerHead * growth.read(entry) * target.queryHeads / groupSize / growth.numberBytes(entry)
      switch entry.operation.stage {
      case .upkeep: load.upkeep.append(read)
      case .score, .select:
        load.score.append(read)
        load.scoreOperations += products
      case .attend:
        if isCounted { load.attend.append(read) }
        load.attendOperations += products
      }
    }
    load.rows = max(1, target.queryHeads)
    load.chooses = chooses
    load.prefetches = prefetches
    return load
  }

  private func access(_ entry: Entry, _ growth: Growth, reading: Reading) -> Access {
    let (target, operation) = (growth.target, entry.operation)
    let limit =
      entry.isAttending ? target.context * growth.width(operation) * rowBytes(operation) : .infinity
    let perHead = entry.readPerHead * growth.read(entry) * target.groupSize / groupSize
    let served = entry.readGroupUnion > 0 ? entry.readPerHead / entry.readGroupUnion : 1
    let union = min(perHead / sharing(served, at: target.groupSize), max(limit, perHead / target.groupSize))
    let pieceBytes: Double? =
      if case .gather(let bytes) = operation.kind.pattern { Double(bytes) * growth.width(operation) } else {
        nil
      }
    // Channels lie in rows of keys: whole sectors of them are never more than the rows.
    let liesInKeys = operation.kernel == .channels && pieceBytes != nil
    let extent =
      liesInKeys ? target.context * target.headDim * target.elementBytes * target.kvHeads : .infinity
    return Access(
      bytes: union * target.kvHeads,
      againBytes: reading == .perHead ? (perHead - union) * target.kvHeads : 0, pieceBytes: pieceBytes,
      isOnHost: entry.isOnHost, extentBytes: extent)
  }

  /// Of a whole key or value.
  private func rowBytes(_ operation: DecodeOperation) -> Double {
    (operation.kind.content == .values ? valueDim : headDim) * elementBytes
  }

  /// How many heads each read serves, at another group size: 1 stays 1, and the whole group stays the whole group.
  private func sharing(_ own: Double, at size: Double) -> Double {
    guard groupSize > 1 else { return policyKind == .bound && selected >= visible ? size : 1 }
    return 1 + (own - 1) * (size - 1) / (groupSize - 1)
  }

  /// Resident bytes of one sequence over all layers: on the device and on the host.
  public func residentBytes(_ target: PricedGeometry) -> (device: Double, host: Double) {
    let stored = target.headDim + (target.sharesValues ? 0 : target.valueDim)
    let width = stored * target.elementBytes / ((headDim + valueDim) * elementBytes)
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
    let rows = entries.filter { $0.operation.kernel == .gather && $0.isAttending }
    guard rows.contains(where: { $0.isOfValues && $0.isOnHost }) else { return 0 }
    let near = rows.filter { !$0.isOnHost }
    return near.contains(where: \.isOfValues) ? near.reduce(0) { $0 + $1.readGroupUnion } : 0
  }
}
