extension ParameterDescriptor {
  private static func anyScope(_ words: [String]) -> ParameterDescriptor {
    ParameterDescriptor(
      "scope", .choice([Granularity.Sharing.own.rawValue] + words), default: .word("own"),
      help: "who shares a set: as the policy has it, or all heads of a layer")
  }
  private static let anyPage = ParameterDescriptor(
    "page", .integer(1...4096), default: .integer(1),
    help: "tokens that are chosen together, by the best of them")
  public static let lag = ParameterDescriptor(
    "lag", .integer(0...64), default: .integer(0), help: "choose by the query of this many steps ago")
  public static let lagCosine = ParameterDescriptor(
    "lag-cos", .number(0...1), default: .number(0),
    help: "but by the step's own where a KV head's queries, now and then, have less than this mean cosine")

  public static let reuse = ParameterDescriptor(
    "reuse", .layers, default: .word("none"),
    help: "layers that choose for those after them, by the choice of the policy")

  /// What a policy of these parameters takes so that it may choose coarser, or later, than it would.
  static func granularity(beside own: [ParameterDescriptor], ranks: PolicyDescriptor.Ranks)
    -> [ParameterDescriptor]
  {
    let coarser = [anyScope(ranks.layerScopes)] + (ranks == .tokens ? [anyPage] : [])
    return coarser.filter { mine in !own.contains { $0.name == mine.name } } + [lag, lagCosine, reuse]
  }

  /// The same with the words of all scopes, where it is a policy's own `scope`.
  func widened(ranks: PolicyDescriptor.Ranks) -> ParameterDescriptor {
    guard name == Self.scope.name, case .choice(let words) = kind else { return self }
    return ParameterDescriptor(
      name, .choice(words + ranks.layerScopes), role: role, default: defaultValue,
      help: help + "; or for all heads of a layer")
  }
}

extension PolicyConfiguration {
  public var granularity: Granularity {
    guard descriptor.isCoarsened else { return Granularity() }
    let takesPage = descriptor.frame.contains { $0.name == "page" }
    return Granularity(
      sharing: Granularity.Sharing(rawValue: values.word(.scope)) ?? .own,
      page: takesPage ? values.integer(.page(1)) : 1)
  }

  /// Layers that choose for those after them; nil where each chooses for itself.
  public var anchors: [Int]? {
    descriptor.isCoarsened ? ParameterDescriptor.layers(values.word(.reuse)) : nil
  }

  /// - Throws: ``PolicyError`` where nobody else can use sets that outputs are corrected for, or no earlier query ranks.
  func checkGranularity() throws(PolicyError) {
    if lag != nil, type.hasOwnQueries(values) {
      throw PolicyError(
        "policy '\(label)': lag", expected: "a choice by the model's queries",
        found: "one by others, which the trace holds", advice: "leave lag out")
    }
    guard !granularity.isOwn || anchors != nil, type.corrects(values) else { return }
    throw PolicyError(
      "policy '\(label)': scope, page and reuse", expected: "plain attention over the tokens chosen",
      found: "a correction for those that this policy chose",
      advice: "leave them as they are, or the correction out")
  }

  /// Nil where a step chooses by its own query.
  public var lag: Lag? {
    // Another policy may have a parameter of this name.
    let steps = descriptor.isCoarsened ? values.integer(.lag) : 0
    return steps > 0 ? Lag(steps: steps, cosine: values.number(.lagCosine)) : nil
  }

  /// For how much of a model one object chooses.
  public var scope: PolicyDescriptor.Scope {
    anchors != nil ? .model : granularity.isOwn ? descriptor.scope : .layer
  }

  /// Whether a layer's tokens are known before its query is.
  public var prefetches: Bool { descriptor.prefetches || lag?.cosine == 0 }
}

extension PolicyConfiguration {
  /// The same policy, which some layers alone ask; nil where its sets are no other layer's to use.
  ///
  /// - Parameter anchors: numbers of layers, ascending.
  public func reusing(_ anchors: [Int]) -> PolicyConfiguration? {
    guard descriptor.isCoarsened else { return nil }
    var values = values
    values[ParameterDescriptor.reuse] = .word(anchors.map(String.init).joined(separator: "+"))
    let shared = PolicyConfiguration(type, values: values)
    return (try? shared.checkGranularity()) == nil ? nil : shared
  }
}
