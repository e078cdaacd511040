import Experiments

extension ReplayRequest {
  /// A request as options say it.
  init(
    _ policies: PolicyChoice, part: TracePartOptions? = nil, heads: HeadOptions? = nil,
    profile: ProfileOptions, seed: SeedOptions? = nil, machine: MachineOptions
  ) {
    self.init(
      policies: policies, layers: part?.layers?.ranges, heads: heads?.heads?.ranges,
      steps: part?.steps?.range, seed: seed?.seed ?? 0, profile: profile.profile,
      selfCalibrates: profile.selfCalibrates, threads: machine.threads,
      instructionSet: machine.instructionSet)
  }
}
