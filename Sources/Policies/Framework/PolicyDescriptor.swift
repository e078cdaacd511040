import Attention

/// Everything that help, parsing, validation and documentation know of a policy.
public struct PolicyDescriptor: Sendable {
  /// For how much of a model one policy object chooses.
  public enum Scope: String, Sendable, Codable, CaseIterable {
    /// One KV head of one layer, apart from all others.
    case group
    /// All KV heads of a layer together.
    case layer
    /// All layers: what one chooses, others use.
    case model
  }

  /// What of a policy's the frame can choose by.
  public enum Ranks: Sendable {
    case tokens
    /// Pages of the policy's own, which the frame makes no larger.
    case pages
    /// Nothing that says which of two tokens comes first: sets are drawn, or made of what is found.
    case nothing

    /// Words of `scope` beside the policy's own.
    public var layerScopes: [String] {
      let all: [Granularity.Sharing] = self == .nothing ? [.union] : [.layer, .union, .unionCut]
      return all.map(\.rawValue)
    }
  }

  /// What a policy asks of the trace or of a calibration beyond Q, K and V.
  public enum Need: String, Sendable, Codable {
    case contextualAgreement =
      "a calibration profile with contextual agreement (the bundled one, or one of your own), or self-calibration on the trace's own earliest queries"
    /// Axes, channels, head kinds and query centres.
    case headStatistics =
      "a calibration profile with head statistics (the bundled one, or one of your own)"
    /// Serves from the window, or from nothing, where it must.
    case promptAttention =
      "attention summed over the prompt, where it was captured, else the observation window's, else recency"
    case promptWindow = "traced queries of the prompt (an observation window), else recency"
    case file = "a file that a parameter names"
    case indexScores = "an indexer's queries and keys, which the trace holds"
    case tokenScores = "a score of each token, which the trace holds"
    case valueNorms = "norms of projected values, or output projections, which the trace holds"
    case observationWindow = "traced queries of the prompt (an observation window)"
  }

  public let name: String
  /// One sentence.
  public let summary: String
  public let paper: String?
  public let kind: PolicyKind
  public let parameters: [ParameterDescriptor]
  /// Those of them that the frame around a policy has, whichever it is: coarser choices, and how the cache is kept.
  public let frame: [ParameterDescriptor]
  /// Whether the frame can choose for more heads, whole pages or later by what it ranks.
  public let isCoarsened: Bool
  /// What the frame can choose by.
  public let ranks: Ranks
  public let needs: [Need]
  /// Whether the budget asked for decides how many tokens are kept.
  public let usesBudget: Bool
  public let scope: Scope
  /// Whether what a step of it chooses or moves depends on the steps before, though it neither evicts nor chooses for a layer
  /// or the model.
  public let remembersSteps: Bool
  /// Whether it is to know what every layer's prompt tells before the first layer decodes: of the whole model, each of whose
  /// layers then begins and observes once more.
  public let surveysPrompts: Bool
  /// Whether a layer's tokens are known while the layer before it computes, so that fetching them can be hidden.
  public let prefetches: Bool
  /// What a step reads to choose, per KV head, in elements unless it says bytes: a phrase for the documentation.
  public let cost: String
  /// What it reads and keeps, and where this differs from its authors' code: a paragraph for the documentation.
  public let notes: String
  /// Tokens that it always keeps without a parameter `sinks` or `recent` saying so, for the note on equal footing:
  /// a phrase such as "the newest half of k"; nil where there are none.
  public let alwaysKeeps: (@Sendable (ParameterValues) -> String)?
  /// Whether a replay's weighted output error shows it as better than it is in a live model, by the published studies of both
  /// models (docs/closed-loop.md), with the first and last tokens that it keeps by itself.
  public let isFlatteredInOpenLoop: Bool

  public init(
    name: String, summary: String, paper: String? = nil, kind: PolicyKind,
    parameters: [ParameterDescriptor] = [],
    common: [ParameterDescriptor] = ParameterDescriptor.common, needs: [Need] = [], usesBudget: Bool = true,
    scope: Scope = .group, ranks: Ranks = .tokens, remembersSteps: Bool = false, surveysPrompts: Bool = false,
    prefetches: Bool = false,
    cost: String = "nothing",
    notes: String = "", alwaysKeeps: (@Sendable (ParameterValues) -> String)? = nil,
    isFlatteredInOpenLoop: Bool = false
  ) {
    self.name = name
    self.summary = summary
    self.paper = paper
    self.kind = kind
    let own = Set(parameters.map(\.name))
    // What sizes its own sets, evicts or chooses for others has no k to share out, or no set of its own.
    isCoarsened = kind != .eviction && usesBudget && scope == .group
    self.ranks = ranks
    frame =
      (isCoarsened ? ParameterDescriptor.granularity(beside: parameters, ranks: ranks) : [])
      + ParameterDescriptor.ofTheCache
    self.parameters =
      (isCoarsened ? parameters.map { $0.widened(ranks: ranks) } : parameters)
      + common.filter { !own.contains($0.name) } + frame
    self.needs = needs
    self.usesBudget = usesBudget
    self.scope = scope
    self.remembersSteps = remembersSteps
    self.surveysPrompts = surveysPrompts
    self.prefetches = prefetches
    self.cost = cost
    self.notes = notes
    self.alwaysKeeps = alwaysKeeps
    self.isFlatteredInOpenLoop = isFlatteredInOpenLoop
  }
}

extension PolicyDescriptor {
  /// Its parameters without those of the frame around it.
  public var ownParameters: [ParameterDescriptor] {
    let common = Set(frame.map(\.name))
    return parameters.filter { !common.contains($0.name) }
  }

  /// The parameter that has a role; nil where none has.
  public func parameter(_ role: ParameterDescriptor.Role) -> ParameterDescriptor? {
    parameters.first { $0.role == role }
  }

  var keepsState: Bool { kind == .eviction || scope != .group || remembersSteps }
}

extension ParameterDescriptor {
  public static let denseLayers = ParameterDescriptor(
    "dense-layers", .integer(0...1024), default: .integer(0), help: "the first layers that stay dense")
  public static let sinks = ParameterDescriptor(
    "sinks", .integer(0...1_000_000), default: .integer(0), help: "first tokens always kept, counted in k")
  public static let scope = ParameterDescriptor(
    "scope", .choice(["head", "group"]), default: .word("head"),
    help: "choose per query head, or one set per KV head from the scores summed over its query heads")
  /// How what the heads of a KV head think of a token, page or cluster becomes one value.
  public static let ranking = ParameterDescriptor(
    "ranking", .choice(["softmax", "sum"]), default: .word("softmax"),
    help: "where heads share a set, rank by the sum of their softmaxes, as the authors do, or of their scores"
  )
  public static let recent = ParameterDescriptor(
    "recent", .integer(0...1_000_000), default: .integer(0), help: "last tokens always kept, counted in k")

  /// Equal footing: every policy that scores tokens takes these.
  public static let common = [denseLayers, sinks, recent]
}
