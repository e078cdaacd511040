import Crypto
import Policies
import Traces

/// Puts the groups' outcomes together, configuration by configuration, in a fixed order.
struct ReplayAssembly {
  let trace: Trace
  let traceDigest: String
  let plan: ReplayPlan
  let options: ReplayOptions

  func result(_ configurations: [ReplayConfiguration], _ groups: [ReplayedGroup]) -> ReplayResult {
    let wanted = Set(plan.heads)
    let last = plan.rows.last.map { trace.queryPositions[$0] + 1 } ?? 0
    let results = configurations.enumerated().map { index, configuration in
      let heads = groups.flatMap { $0.outcome.configurations[index].heads }.filter {
        wanted.contains($0.queryHead)
      }
      let traffic = groups.map { replayed in
        let outcome = replayed.outcome.configurations[index]
        let base = replayed.group.keyRowBytes + replayed.group.valueRowBytes
        return GroupTraffic(
          layer: replayed.group.layer, kvHead: replayed.group.kvHead, ledger: outcome.ledger,
          residentDeviceBytes: replayed.keptTokens(configuration, outcome, of: last) * base
            + last * outcome.residentExtra.device,
          residentHostBytes: last * outcome.residentExtra.host)
      }
      return ConfigurationResult(
        configuration: configuration, calibration: plan.calibrationUse(configuration), heads: heads,
        traffic: traffic, digest: ExactDigest.of(configuration, heads: heads, traffic: traffic),
        lastChoices: groups.map { $0.lastChoice(index) })
    }
    let dense = groups.map { replayed in
      GroupTraffic(
        layer: replayed.group.layer, kvHead: replayed.group.kvHead, ledger: replayed.outcome.denseTraffic,
        residentDeviceBytes: last * (replayed.group.keyRowBytes + replayed.group.valueRowBytes),
        residentHostBytes: 0)
    }
    return ReplayResult(
      trace: TraceIdentity(
        path: trace.path, digest: traceDigest, fileSize: trace.fileSize, metadata: trace.metadata),
      instructionSet: options.instructionSet, threads: options.threads, seed: options.seed,
      layers: plan.layers,
      steps: TraceGroups(trace).steps(rows: plan.rows, layer: plan.layers.first ?? 0),
      configurations: results,
      dense: dense, exactResultsDigest: ExactDigest.of(results.map(\.digest)), notes: plan.notes)
  }
}

extension ReplayedGroup {
  /// Tokens of `all` that are still held at the last step: what an evicting policy dropped is gone.
  fileprivate func keptTokens(
    _ configuration: ReplayConfiguration, _ outcome: GroupOutcome.Configuration, of all: Int
  ) -> Int {
    let isEvicting = configuration.policy.descriptor.kind == .eviction
    guard isEvicting, let choice = outcome.lastChoice else { return all }
    return Set(choice.tokens).count
  }

  /// What a configuration chose at the last step, with tokens numbered from the first visible one.
  func lastChoice(_ configuration: Int) -> GroupChoice {
    let outcome = outcome.configurations[configuration]
    let selections = outcome.lastChoice.map { choice in
      var shifted = Selections()
      for row in 0..<choice.rows { shifted.appendRow(choice[row].map { $0 - Int32(outcome.firstVisible) }) }
      return shifted
    }
    return GroupChoice(
      layer: group.layer, kvHead: group.kvHead, selections: selections, scorePass: outcome.scorePass,
      choosesPerGroup: outcome.choosesPerGroup)
  }
}
