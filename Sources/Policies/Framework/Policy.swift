import Attention

/// A way to choose which tokens each query attends to.
///
/// One object lives for one layer and KV group and is asked block after block in decode order, so it
/// may keep state. It reads keys only through the block's primitives, which charge what they read.
public protocol Policy: Sendable {
  static var descriptor: PolicyDescriptor { get }

  /// What it asks of the trace or a calibration with these parameters: the descriptor's needs, or fewer.
  static func needs(_ parameters: ParameterValues) -> [PolicyDescriptor.Need]

  /// Whether outputs are corrected for the sets that were chosen, so that nobody else may choose coarser ones.
  static func corrects(_ parameters: ParameterValues) -> Bool

  /// Whether it ranks by other queries than the model's, which nobody can hold back.
  static func hasOwnQueries(_ parameters: ParameterValues) -> Bool

  /// - Throws: ``PolicyError`` where the group lacks what the parameters need.
  init(parameters: ParameterValues, group: GroupContext) throws

  /// What the prompt tells, once, before the first block. A table that is made of it here knows no later token: what is to
  /// know the newest is asked for anew with every block.
  mutating func observe(_ prompt: PromptView) throws

  /// The budget of each step; a policy that sizes its own sets says so here.
  func budgets(of steps: [Step], asked: Budget) -> [Int]

  /// The tokens of every query head and step of the block; nil stands for all visible ones.
  mutating func choose(_ block: QueryBlock) throws -> Selections?

  /// Bytes kept per token and KV head beyond the keys and values themselves.
  func residentExtraBytesPerToken() -> (device: Int, host: Int)

  /// The same for all of `tokens`, where it is not so much per token.
  func residentExtraBytes(tokens: Int) -> (device: Int, host: Int)

  /// Where the whole cache lies, and so where chosen keys and values are read.
  var cacheTier: MemoryTier { get }

  /// Tokens that lie on the device whatever the query, although the cache lies on the host: ascending ranges without
  /// overlap, within what the step sees. The newest token, which was made there, need not be named.
  ///
  /// - Parameters:
  ///   - budget: k of the step.
  ///   - guarded: the sinks and last tokens that the common parameters keep.
  func deviceTokens(of step: Step, budget: Int, guarded: Guard) -> [Range<Int>]

  /// Whether decoded tokens come to lie on the host in the end, where the cache does.
  var sendsDecodedTokens: Bool { get }

  /// Bytes of each key that lie on the device beside a cache on the host, and are not fetched with the rest of it.
  var deviceKeyBytes: Int { get }

  /// Tokens that lie side by side in each piece that is gathered, where the policy chooses pages.
  func pieceTokens(of step: Step, budget: Int) -> Int

  /// Whether the device holds the chosen rows alone, although nothing is evicted: the whole cache is then counted by
  /// `residentExtraBytes`.
  var holdsChosenOnly: Bool { get }

  /// Tokens whose keys and values are still there after the last block, where those are neither all nor the chosen ones.
  var heldTokens: Int? { get }

  /// Whether what is not chosen is gone for all later steps.
  var isEvicting: Bool { get }

  /// Whether attending reads the chosen keys again; false where the choice has already read every key in full.
  var readsChosenKeys: Bool { get }

  /// Whether the heads of a group share one choice.
  var choosesPerGroup: Bool { get }

  /// The score pass that the choice needs, where other policies may need the same: what a replay's floor counts.
  func scorePass() -> ScorePass
}

extension Policy {
  public static func needs(_ parameters: ParameterValues) -> [PolicyDescriptor.Need] { descriptor.needs }
  public static func corrects(_ parameters: ParameterValues) -> Bool { false }
  public static func hasOwnQueries(_ parameters: ParameterValues) -> Bool { false }
  public func budgets(of steps: [Step], asked: Budget) -> [Int] { asked.tokens(of: steps) }
  public func observe(_ prompt: PromptView) throws {}
  public func residentExtraBytesPerToken() -> (device: Int, host: Int) { (0, 0) }
  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    let (device, host) = residentExtraBytesPerToken()
    return (tokens * device, tokens * host)
  }
  public var cacheTier: MemoryTier { .device }
  public func deviceTokens(of step: Step, budget: Int, guarded: Guard) -> [Range<Int>] {
    let (sinks, _, recent) = guarded.split(step.visible, budget: budget)
    return [sinks, recent]
  }
  public var sendsDecodedTokens: Bool { cacheTier == .host }
  public var deviceKeyBytes: Int { 0 }
  public func pieceTokens(of step: Step, budget: Int) -> Int { 1 }
  public var holdsChosenOnly: Bool { false }
  public var heldTokens: Int? { nil }
  public var readsChosenKeys: Bool { true }
  public var isEvicting: Bool { Self.descriptor.kind == .eviction }
  public var choosesPerGroup: Bool { false }
  public func scorePass() -> ScorePass { .none }
}

/// A policy whose KV heads, or layers, do not choose apart.
///
/// One object lives for a layer, or where the descriptor's scope says so for the whole model, whose layers then come
/// in ascending order, each with all of its steps.
public protocol LayerPolicy: Policy {
  /// A layer begins; `groups` are its KV heads, ascending.
  mutating func begin(layer groups: [GroupContext]) throws

  /// What the prompt tells, a view per KV head.
  mutating func observe(layer prompts: [PromptView]) throws

  /// In a live model every layer has an object of its own, and one step has all its layers before the next step comes: takes
  /// up what the layer before, which this one goes on from, chose.
  mutating func takeUp(_ before: any LayerPolicy)

  /// The tokens of every KV head, query head and step; the blocks hold the same steps. Nil stands for all visible ones.
  mutating func choose(layer blocks: [QueryBlock]) throws -> [Selections?]
}

extension LayerPolicy {
  public mutating func begin(layer groups: [GroupContext]) throws {}
  public mutating func observe(layer prompts: [PromptView]) throws {}
  public mutating func takeUp(_ before: any LayerPolicy) {}

  /// A layer of one KV head.
  public mutating func observe(_ prompt: PromptView) throws { try observe(layer: [prompt]) }
  public mutating func choose(_ block: QueryBlock) throws -> Selections? {
    try choose(layer: [block]).first ?? nil
  }
}

/// What is computed of all keys before a choice.
public enum ScorePass: Sendable, Hashable {
  /// Nothing: the choice does not depend on the query.
  case none
  /// Every channel of every key, then a top-k.
  case full
  /// Some channels of every key for each head of the group, then a top-k.
  case channels([[Int32]], layout: ChannelLayout)
}
