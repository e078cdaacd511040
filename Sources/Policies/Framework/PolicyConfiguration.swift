import Attention

/// A policy with all its parameters settled.
public struct PolicyConfiguration: Sendable, Hashable {
  public let type: any Policy.Type
  public let values: ParameterValues

  public init(_ type: any Policy.Type, values: ParameterValues? = nil) {
    self.type = type
    self.values = values ?? ParameterValues(defaultsOf: type.descriptor)
  }

  public var descriptor: PolicyDescriptor { type.descriptor }

  /// What it asks of the trace or a calibration, with what the policy that it wraps asks.
  public var needs: [PolicyDescriptor.Need] {
    let own = type.needs(values)
    guard let wrapped else { return own }
    return own + wrapped.descriptor.needs.filter { !own.contains($0) }
  }

  /// Whether something calibrated decides what it chooses.
  public var isCalibrated: Bool {
    [.contextualAgreement, .headStatistics].contains { needs.contains($0) }
  }

  /// The name and every parameter that is not at its default, in the descriptor's order.
  public var label: String {
    let changed = descriptor.parameters.filter { values[$0.name] != $0.defaultValue }
    if changed.isEmpty { return descriptor.name }
    return descriptor.name + ":" + changed.map { "\($0.name)=\(text($0.name))" }.joined(separator: ",")
  }

  /// Every parameter by name, as text.
  public var parameters: [(name: String, value: String)] {
    descriptor.parameters.map { ($0.name, text($0.name)) }
  }

  private func text(_ name: String) -> String { values[name]?.description ?? "" }

  /// The policy object of one group. One that chooses for the whole model leaves its first layers dense itself, since
  /// they may choose for those after.
  ///
  /// - Parameter asked: the budget, where one is known: a policy may be calibrated by it.
  public func policy(for group: GroupContext, asked: Budget? = nil) throws -> any Policy {
    var group = group
    group.asked = asked
    group.cache = cacheFormat
    try checkCache(of: group)
    try checkHotBuffer()
    if let anchors { return try Reusing(self, anchors: anchors, group: group) }
    let isApart = type.descriptor.scope != .model
    if isApart, group.layer < values.integer(.denseLayers) { return Dense() }
    return try ownChoice(for: group)
  }

  /// What chooses in a layer that is not dense and takes nothing from another.
  func ownChoice(for group: GroupContext) throws -> any Policy {
    try granularity.isOwn ? type.init(parameters: values, group: group) : Coarsened(self, group: group)
  }

  public static func == (left: Self, right: Self) -> Bool {
    left.descriptor.name == right.descriptor.name && left.values == right.values
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(descriptor.name)
    hasher.combine(values)
  }
}
