/// Everything that help, parsing, validation and documentation know of a policy.
public struct PolicyDescriptor: Sendable {
  public enum Kind: String, Sendable, Codable, CaseIterable {
    /// The whole cache stays; each query reads part of it.
    case selection
    /// What is dropped is gone for all later steps.
    case eviction
    /// No deployable method: the frame around the others.
    case bound
  }

  /// What a policy asks of the trace or of a calibration beyond Q, K and V.
  public enum Need: String, Sendable, Codable {
    case contextualAgreement =
      "a FASA calibration profile (the bundled one, one of `fasa-sim calibrate`, or the trace's own earliest queries)"
  }

  public let name: String
  /// One sentence.
  public let summary: String
  public let paper: String?
  public let kind: Kind
  public let parameters: [ParameterDescriptor]
  public let needs: [Need]
  /// Whether the budget asked for decides how many tokens are kept.
  public let usesBudget: Bool

  public init(
    name: String, summary: String, paper: String? = nil, kind: Kind, parameters: [ParameterDescriptor] = [],
    common: [ParameterDescriptor] = ParameterDescriptor.common, needs: [Need] = [], usesBudget: Bool = true
  ) {
    self.name = name
    self.summary = summary
    self.paper = paper
    self.kind = kind
    let own = Set(parameters.map(\.name))
    self.parameters = parameters + common.filter { !own.contains($0.name) }
    self.needs = needs
    self.usesBudget = usesBudget
  }
}

extension ParameterDescriptor {
  public static let denseLayers = ParameterDescriptor(
    "dense-layers", .integer(0...1024), default: .integer(0), help: "the first layers that stay dense")
  public static let sinks = ParameterDescriptor(
    "sinks", .integer(0...1_000_000), default: .integer(0), help: "first tokens always kept, counted in k")
  public static let recent = ParameterDescriptor(
    "recent", .integer(0...1_000_000), default: .integer(0), help: "last tokens always kept, counted in k")

  /// Equal footing: every policy that scores tokens takes these.
  public static let common = [denseLayers, sinks, recent]
}
