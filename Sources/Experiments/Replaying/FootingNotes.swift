import Policies

/// Equal footing: what is always kept must be the same for a fair comparison.
struct FootingNotes {
  let policies: [PolicyConfiguration]

  var notes: [String] { ParameterDescriptor.common.compactMap(difference) + builtIn }

  /// A combinator's layers are its own; the tokens that it keeps are those of the policy that it wraps, which takes over what the
  /// combinator is given.
  static func value(_ parameter: ParameterDescriptor, of policy: PolicyConfiguration) -> Int {
    let asked = parameter.name == ParameterDescriptor.denseLayers.name ? policy : policy.wrapped ?? policy
    return asked.values.integer(parameter)
  }

  private var compared: [PolicyConfiguration] { policies.filter { $0.descriptor.kind != .bound } }

  private func difference(_ parameter: ParameterDescriptor) -> String? {
    var labels: [Int: [String]] = [:]
    var values: [Int] = []
    for policy in compared {
      let value = Self.value(parameter, of: policy)
      if labels[value] == nil { values.append(value) }
      if labels[value]?.contains(policy.label) != true { labels[value, default: []].append(policy.label) }
    }
    guard values.count > 1 else { return nil }
    let most = values.max { (labels[$0]?.count ?? 0) < (labels[$1]?.count ?? 0) }
    let parts = values.map { value in
      let all = labels[value] ?? []
      // The many need no names.
      return
        "\(value) for \(value == most && all.count > 4 ? "the \(all.count) others" : all.joined(separator: ", "))"
    }
    return "not on equal footing: \(parameter.name) is \(parts.joined(separator: "; "))"
  }

  /// What a policy keeps without a parameter of the common ones saying so.
  private var builtIn: [String] {
    var seen: Set<String> = []
    let parts = compared.compactMap { policy -> String? in
      let asked = policy.wrapped ?? policy
      guard seen.insert(policy.label).inserted, let phrase = asked.descriptor.alwaysKeeps?(asked.values)
      else {
        return nil
      }
      return "\(policy.label) \(phrase)"
    }
    // Where all keep the same, they are on equal footing; one alone is compared with nothing.
    guard !parts.isEmpty, seen.count > 1 else { return [] }
    return ["always kept beside sinks and recent: \(parts.joined(separator: "; "))"]
  }
}
