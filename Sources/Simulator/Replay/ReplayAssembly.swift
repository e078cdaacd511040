import Policies
import Traces

/// Puts the groups' outcomes together, configuration by configuration, in a fixed order.
struct ReplayAssembly {
  let trace: Trace
  let traceDigest: String
  let plan: ReplayPlan
  let options: ReplayOptions

  /// - Parameter outcomes: of the configurations of each scope, in the configurations' order.
  func result(
    _ configurations: [ReplayConfiguration], _ outcomes: [PolicyDescriptor.Scope: [ReplayedGroup]]
  ) -> ReplayResult {
    var counts: [PolicyDescriptor.Scope: Int] = [:]
    let wanted = Set(plan.heads)
    let last = plan.rows.last.map { trace.queryPositions[$0] + 1 } ?? 0
    let results = configurations.map { configuration -> ConfigurationResult in
      let scope = configuration.policy.scope
      let groups = outcomes[scope] ?? []
      let index = counts[scope, default: 0]
      counts[scope] = index + 1
      let heads = groups.flatMap { $0.outcome.configurations[index].heads }.filter {
        wanted.contains($0.queryHead)
      }
      let traffic = groups.map { replayed in
        let outcome = replayed.outcome.configurations[index]
        let stored = replayed.group.stored(as: configuration.policy.cacheFormat)
        let base = stored.cachedKeyBytes + stored.cachedValueBytes
        let kept = outcome.heldTokens ?? last
        let near = outcome.cacheTier == .device ? kept : min(outcome.deviceTokens, kept)
        return GroupWork(
          layer: replayed.group.layer, kvHead: replayed.group.kvHead, work: outcome.work,
          residentDeviceBytes: near * base + outcome.residentExtra.device,
          residentHostBytes: (kept - near) * (base - outcome.deviceKeyBytes) + outcome.residentExtra.host,
          hotSteps: outcome.hotSteps)
      }
      return ConfigurationResult(
        configuration: configuration, calibration: plan.calibrationUse(configuration),
        inputDigest: plan.inputDigest(configuration), heads: heads,
        layers: groups.compactMap { $0.projected.isEmpty ? nil : $0.projected[index] },
        traffic: traffic,
        freed: freed(groups.map { ($0.group.layer, $0.outcome.configurations[index]) }, tokens: last),
        digest: ExactDigest.of(configuration, heads: heads, traffic: traffic),
        lastChoices: groups.map { $0.lastChoice(index, steps: plan.rows.count) })
    }
    let dense = (outcomes[.group] ?? []).map { replayed in
      GroupWork(
        layer: replayed.group.layer, kvHead: replayed.group.kvHead, work: replayed.outcome.denseTraffic,
        residentDeviceBytes: last * (replayed.group.keyRowBytes + replayed.group.valueRowBytes),
        residentHostBytes: 0)
    }
    return ReplayResult(
      trace: TraceIdentity(
        path: trace.path, digest: traceDigest, fileSize: trace.fileSize, metadata: trace.metadata),
      instructionSet: options.instructionSet, threads: options.threads, seed: options.seed,
      layers: plan.layers,
      steps: plan.steps,
      configurations: results,
      dense: dense, exactResultsDigest: ExactDigest.of(results.map(\.digest)), notes: plan.notes)
  }

  /// - Parameter groups: what each KV head of each layer came to.
  private func freed(_ groups: [(layer: Int, outcome: GroupOutcome.Configuration)], tokens: Int)
    -> [FreedBlocks]
  {
    guard groups.contains(where: { $0.outcome.isEvicting }) else { return [] }
    let heads = trace.metadata.geometry.kvHeads
    // Dense layers drop nothing.
    return Dictionary(grouping: groups, by: \.layer).sorted { $0.key < $1.key }.compactMap { layer, groups in
      // A head that was not replayed may hold anything.
      guard groups.count == heads, let first = groups.first else { return nil }
      return FreedBlocks(
        layer: layer, held: groups.map { $0.outcome.isEvicting ? $0.outcome.lastChoice : nil },
        of: first.outcome.firstVisible..<tokens)
    }
  }
}

extension ReplayedGroup {
  /// What a configuration chose at the last step, with tokens numbered from the first visible one.
  func lastChoice(_ configuration: Int, steps: Int) -> GroupChoice {
    let outcome = outcome.configurations[configuration]
    let selections = outcome.lastChoice.map { choice in
      var shifted = Selections()
      for row in 0..<choice.rows { shifted.appendRow(choice[row].map { $0 - Int32(outcome.firstVisible) }) }
      return shifted
    }
    return GroupChoice(
      layer: group.layer, kvHead: group.kvHead, selections: selections, work: outcome.work, steps: steps,
      choosesPerGroup: outcome.choosesPerGroup)
  }
}
