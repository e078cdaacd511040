extension PolicyConfiguration {
  /// The policy that this one wraps, as it is built in; nil where it wraps none.
  public var wrapped: PolicyConfiguration? {
    descriptor.parameter(.wrappedPolicy).map(values.baseConfiguration)
  }

  /// Path of a file that it reads beside trace and profile; nil where it reads none.
  public var inputFile: String? { descriptor.parameter(.inputFile).map { values.word($0) } }

  /// How many of the prompt's last queries it, or the policy that it wraps, asks for.
  public var promptQueries: Int {
    let policy = wrapped ?? self
    return policy.descriptor.parameter(.promptQueries).map(policy.values.integer) ?? 0
  }

  /// Whether what a step chooses, or what it moves, depends on the steps before: such a policy walks every decode
  /// step, whichever are scored.
  public var keepsState: Bool { descriptor.keepsState || wrapped?.descriptor.keepsState == true }
}
