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
      if let lack = lack(policy) { throw ReplayError(lack, in: trace.path) }
    }
  }

  /// The same of the profile alone: a policy that lacks one may be left out, and a profile that is given and of another
  /// model is a mistake.
  func checkProfile(_ policies: [PolicyConfiguration]) throws(ReplayError) {
    guard policies.contains(where: \.isCalibrated) else { return }
    try options.profile?.check(against: trace)
  }

  /// What a policy lacks where no profile was given or found; nil where one was, or where none is needed.
  func lack(_ policy: PolicyConfiguration) -> ReplayError? {
    guard policy.isCalibrated, options.profile == nil else { return nil }
    let needsStatistics = policy.needs.contains(.headStatistics)
    if options.selfCalibrates, !needsStatistics { return nil }
    let advice = "calibrate on another text of the model and give that profile"
    guard needsStatistics else {
      return ReplayError(
        policy.label, expected: "a profile of \(trace.metadata.model.name)", found: "none given or bundled",
        advice:
          "\(advice), or self-calibrate, which takes the trace's own earliest queries and scores none of them"
      )
    }
    return options.selfCalibrates
      ? ReplayError(
        policy.label, expected: "a profile, for its head statistics",
        found: "self-calibration, which has none",
        advice: "leave one of the two out")
      : ReplayError(
        policy.label, expected: "a profile of \(trace.metadata.model.name) with head statistics",
        found: "none given or bundled", advice: advice)
  }
}
