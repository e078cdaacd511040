extension ParameterDescriptor {
  /// The policy that a combinator wraps, the first by default.
  static func base(_ names: [String]) -> ParameterDescriptor {
    ParameterDescriptor(
      "base", .choice(names), role: .wrappedPolicy, default: .word(names.first ?? ""),
      help: "the policy that it wraps")
  }
}

extension ParameterValues {
  /// The wrapped policy with its defaults, and the common parameters of what wraps it.
  func baseConfiguration(_ base: ParameterDescriptor) -> PolicyConfiguration {
    let type = PolicyRegistry.policy(named: word(base)) ?? Oracle.self
    var values = ParameterValues(defaultsOf: type.descriptor)
    for common in ParameterDescriptor.common {
      // Zero is no wish: a policy's own default stays.
      if let given = self[common], given != .integer(0), values[common] != nil { values[common] = given }
    }
    return PolicyConfiguration(type, values: values)
  }

  /// The same, checked.
  ///
  /// - Throws: ``PolicyError`` where sinks or recent tokens are given and the wrapped policy knows of none.
  func baseConfiguration(_ base: ParameterDescriptor, for wrapper: String) throws -> PolicyConfiguration {
    let base = baseConfiguration(base)
    for common: ParameterDescriptor in [.sinks, .recent]
    where integer(common) != 0 && base.values[common] == nil {
      throw PolicyError(
        "\(wrapper): \(common.name)=\(integer(common))", expected: "a base that has '\(common.name)'",
        found: "\(base.descriptor.name), which would ignore it", advice: "leave it out, or give another base")
    }
    return base
  }
}
