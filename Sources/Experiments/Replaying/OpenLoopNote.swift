import Policies

/// Whom a replay misjudges, as a live model showed (docs/closed-loop.md): a note where such policies stand beside others.
struct OpenLoopNote {
  let policies: [PolicyConfiguration]

  var notes: [String] {
    guard compared.count > 1 else { return [] }
    let parts = [recall, weighted].compactMap { $0 }
    return parts.isEmpty
      ? [] : ["beside a live model's answers (docs/closed-loop.md), \(parts.joined(separator: "; "))"]
  }

  private var compared: [PolicyConfiguration] {
    var seen: Set<String> = []
    return policies.filter { $0.descriptor.kind != .bound && seen.insert($0.label).inserted }
  }

  /// Recall does not know what first and last tokens are worth.
  private var recall: String? {
    let (keeping, bare) = (compared.filter(Self.keepsEnds), compared.filter { !Self.keepsEnds($0) })
    let selectors = bare.filter { $0.descriptor.kind == .selection }
    guard !keeping.isEmpty, !selectors.isEmpty else { return nil }
    return "recall flatters \(Self.named(selectors)), for which no first or last tokens are kept"
  }

  private var weighted: String? {
    let flattered = compared.filter { $0.descriptor.isFlatteredInOpenLoop && Self.keepsItsOwnEnds($0) }
    return flattered.isEmpty ? nil : "the weighted error flatters \(Self.named(flattered))"
  }

  /// Labels; of many the policies' names, and of many of those how many they are.
  private static func named(_ policies: [PolicyConfiguration]) -> String {
    if policies.count <= 4 { return policies.map(\.label).joined(separator: ", ") }
    var seen: Set<String> = []
    let names = policies.map(\.descriptor.name).filter { seen.insert($0).inserted }
    return names.count > 4 ? "\(names.count) policies" : names.joined(separator: ", ")
  }

  private static func keepsEnds(_ policy: PolicyConfiguration) -> Bool {
    [ParameterDescriptor.sinks, .recent].contains { FootingNotes.value($0, of: policy) > 0 }
      || (policy.wrapped ?? policy).descriptor.alwaysKeeps != nil
  }

  /// The study's verdict is of a policy with the first and last tokens that it keeps by default.
  private static func keepsItsOwnEnds(_ policy: PolicyConfiguration) -> Bool {
    policy.descriptor.parameters.filter { ["sinks", "recent"].contains($0.name) }
      .allSatisfy { policy.values[$0.name] == $0.defaultValue }
  }
}
