import Policies
import Traces

/// What calibrates the policies of a command, held against the trace: the one place that says whether it serves, asked
/// before any policy is made, since policies look a profile's tables up by layer, head and channel.
struct CalibrationCheck {
  let trace: Trace
  let options: ReplayOptions

  /// - Throws: ``ReplayError`` where the profile that was given is of another model or made from the trace's text, or
  ///   where nothing calibrates one of the policies.
  func check(_ policies: [PolicyConfiguration]) throws {
    try checkProfile(policies)
    for policy in policies {
      if let lack = lack(policy) { throw ReplayError("\(trace.path): \(lack)") }
    }
  }

  /// The same of the profile alone: a policy that lacks one may be left out, and a profile that is given and of another
  /// model is a mistake.
  func checkProfile(_ policies: [PolicyConfiguration]) throws {
    guard policies.contains(where: \.isCalibrated) else { return }
    try options.profile?.check(against: trace)
  }

  /// What to do where no profile was given or found; nil where one was, or where none is needed.
  func lack(_ policy: PolicyConfiguration) -> String? {
    guard policy.isCalibrated, options.profile == nil else { return nil }
    let needsStatistics = policy.needs.contains(.headStatistics)
    if options.selfCalibrates, !needsStatistics { return nil }
    let none = "\(policy.label): no profile of \(trace.metadata.model.name)"
    let advice =
      "calibrate on another text of the model (fasa-sim calibrate other.zst -o profile.json) and give --profile profile.json"
    guard needsStatistics else {
      return
        "\(none) was given or found: \(advice), or give --self-calibrate, which takes the trace's own earliest queries and scores none of them"
    }
    return options.selfCalibrates
      ? "\(policy.label): head statistics come from a profile, and --self-calibrate uses none: leave one of the two out"
      : "\(none) with head statistics was given or found: \(advice)"
  }
}
