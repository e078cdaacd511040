import Policies
import Simulator

extension LiveSession {
  /// - Throws: ``LiveError`` where a configuration cannot run in a live model.
  static func check(_ configurations: [ReplayConfiguration], model: LiveModel, options: LiveOptions)
    throws(LiveError)
  {
    guard !configurations.isEmpty else {
      throw LiveError(.invalid, "rows", expected: "at least one", found: "none")
    }
    if let profile = options.profile, let difference = model.difference(of: profile) {
      throw LiveError(
        .unfit, profile.path, expected: "a profile of \(model.name)", found: difference,
        advice: "calibrate for that model")
    }
    for configuration in configurations {
      let needs = configuration.policy.needs
      if configuration.policy.isCalibrated, options.profile == nil {
        throw LiveError(
          .unfit, configuration.label, expected: "a calibration profile of \(model.name)", found: "none",
          advice: "give one, or leave the policy out")
      }
      if let format = configuration.policy.cacheFormat, format.stored(.keys, of: 1) < 1 {
        throw LiveError(
          .unfit, configuration.label, expected: "a cache that stores a token when it comes",
          found: "kv=\(format.rawValue), which keeps the newest exact for a while",
          advice: "choose another kv, or replay a trace with it")
      }
      if configuration.policy.hotBuffer != nil {
        throw LiveError(
          .unfit, configuration.label, expected: "a cache on one device", found: "a hot buffer",
          advice: "replay a trace with it: it changes no answer")
      }
      if configuration.policy.lag != nil {
        throw LiveError(
          .unfit, configuration.label, expected: "a choice by the step's own query", found: "lag",
          advice: "replay a trace with it")
      }
      if needs.contains(.file) {
        throw LiveError(
          .unfit, configuration.label, expected: "a policy that chooses as it goes",
          found: "choices of a file",
          advice: "leave it out, or replay a trace with it")
      }
      if let need = [.indexScores, .tokenScores, .valueNorms].first(where: needs.contains) {
        throw LiveError(
          .unfit, configuration.label, expected: "a policy that needs queries, keys and values alone",
          found: "one that asks for \(need.rawValue)",
          advice: need == .valueNorms ? "take norm=value" : "replay a trace with it")
      }
      if configuration.policy.descriptor.usesBudget, configuration.budget == nil {
        throw LiveError(
          .invalid, configuration.policy.label, expected: "a budget", found: "none",
          advice: "give a count of tokens, or a share")
      }
    }
  }
}

extension LiveModel {
  /// What sets a profile's model apart; nil where nothing does.
  public func difference(of profile: LoadedProfile) -> String? {
    let own = profile.profile.model
    let chunks = profile.profile.layers.first?.agreement.first?.count
    guard own.name == name else { return "one of \(own.name)" }
    guard
      (own.layers, own.queryHeads, own.kvHeads, own.headDim) == (layers, queryHeads, kvHeads, headDim),
      chunks == rope.rotaryDim / 2
    else {
      return
        "one of \(own.layers) layers, \(own.queryHeads) query heads, \(own.kvHeads) KV heads of \(own.headDim) channels"
    }
    return profile.otherRotation(knowing: { _ in true }, from: rope.turns)
  }
}
