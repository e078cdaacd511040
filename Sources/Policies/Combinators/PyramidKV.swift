import Attention

/// Budgets that fall from layer to layer (Cai et al., 2024), over any policy that has none.
///
/// The first layer gets almost twice the mean budget, but no more than the prompt holds, the last 1/β of it, or what keeps the
/// mean, and those between fall by equal steps. Where the prompt is short of twice the mean, all layers get the mean. The paper
/// keeps tokens as SnapKV does; FASA's paper composes it with FASA.
public struct PyramidKV: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "pyramidkv",
    summary: "Gives early layers more of the budget and late ones less, for the policy that it wraps.",
    paper: "https://arxiv.org/abs/2406.02069", kind: .eviction,
    parameters: [base, beta, fall],
    cost: "the wrapped policy's",
    notes: """
      The wrapped policy runs with its own defaults, but for layers that stay dense: those are the first `dense-layers` given here. A layer's budget follows from its number in the model, not from its place in the trace; a trace of some layers \
      has another mean. What the first layer cannot hold the last ones get. SnapKV's window is every layer's own and is not shared out. Steps are rounded down, \
      as in the released code, so that the mean over the layers lies above k by up to half a token for each of them; `fall=even` ends at the last layer's share and has mean k: output error is then 0.181 for 0.180 on qa-4096 at 256 (recall 0.452 for 0.448), \
      0.1002 for 0.0999 at 19 % (0.492 for 0.493), 0.195 for 0.142 on prose-8192 at 256 (0.453 both), 0.0366 for 0.0364 at 19 % (0.588 for 0.589).
      """)

  static let base = ParameterDescriptor.base([
    "snapkv", "h2o", "fasa", "quest", "oracle", "streaming-llm", "loki", "sparq", "double-sparsity",
  ]
  )
  static let beta = ParameterDescriptor(
    "beta", .integer(1...1000), default: .integer(20), help: "β, how steep the pyramid is")
  static let fall = ParameterDescriptor(
    "fall", .choice(["floored", "even"]), default: .word("floored"),
    help:
      "each layer gets one whole number fewer than the one before, as the released code does, or what keeps the mean at k"
  )

  private let beta: Int
  private let isFloored: Bool
  private let group: GroupContext
  private let window: Int
  private var base: any Policy

  public init(parameters: ParameterValues, group: GroupContext) throws {
    beta = parameters.integer(Self.beta)
    isFloored = parameters.word(Self.fall) == "floored"
    self.group = group
    let configuration = try parameters.baseConfiguration(Self.base, for: "pyramidkv")
    base = try configuration.type.init(parameters: configuration.values, group: group)
    window = configuration.type == SnapKV.self ? configuration.values.integer(SnapKV.window) : 0
  }

  public func budgets(of steps: [Step], asked: Budget) -> [Int] {
    base.budgets(of: steps, asked: asked).enumerated().map { index, k in
      let visible = steps[index].visible.count
      // The pyramid is the prompt's: decoded tokens do not change its slopes.
      let prompt = min(max(group.promptTokens, 1), visible)
      let shared = k - window
      // What holds all that a step sees holds it in every layer.
      guard shared > 0, k < visible, group.modelLayers > 1, prompt >= 2 * shared else { return k }
      let most = min(2 * shared - shared / beta, prompt - window)
      let least = 2 * shared - most
      let layers = group.modelLayers - 1
      let fall = isFloored ? (most - least) / layers * group.layer : (most - least) * group.layer / layers
      return min(max(1, window + most - fall), visible)
    }
  }

  public mutating func observe(_ prompt: PromptView) throws { try base.observe(prompt) }
  public mutating func choose(_ block: QueryBlock) throws -> Selections? { try base.choose(block) }
  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    base.residentExtraBytes(tokens: tokens)
  }
  public var readsChosenKeys: Bool { base.readsChosenKeys }
  public var choosesPerGroup: Bool { base.choosesPerGroup }
  public var cacheTier: MemoryTier { base.cacheTier }
  public func deviceTokens(of step: Step, budget: Int, guarded: Guard) -> [Range<Int>] {
    base.deviceTokens(of: step, budget: budget, guarded: guarded)
  }
  public var sendsDecodedTokens: Bool { base.sendsDecodedTokens }
  public var deviceKeyBytes: Int { base.deviceKeyBytes }
  public func pieceTokens(of step: Step, budget: Int) -> Int { base.pieceTokens(of: step, budget: budget) }
  public var holdsChosenOnly: Bool { base.holdsChosenOnly }
  public var heldTokens: Int? { base.heldTokens }
  public var isEvicting: Bool { base.isEvicting }
}
