import Attention

/// A policy whose choices the frame makes for more heads or whole pages, as engines do, by what the policy ranks.
///
/// The policy is asked head by head and pays for its scores; how many bytes it takes to choose by them stays as it has it.
struct Coarsened: LayerPolicy {
  static let descriptor = PolicyDescriptor(name: "coarsened", summary: "", kind: .selection)

  private let configuration: PolicyConfiguration
  private let granularity: Granularity
  private let asked: Budget?
  /// Of each KV head.
  private var bases: [any Policy]
  /// What the frame asks of every one of them.
  private let base: any Policy

  init(_ configuration: PolicyConfiguration, group: GroupContext) throws {
    self.configuration = configuration
    granularity = configuration.granularity
    asked = group.asked
    base = try configuration.type.init(parameters: configuration.values, group: group)
    bases = [base]
  }

  init(parameters: ParameterValues, group: GroupContext) throws {
    throw PolicyError(Self.descriptor.name, expected: "a policy whose ranks it takes", found: "none")
  }

  mutating func begin(layer groups: [GroupContext]) throws {
    bases = try groups.map { group in
      var group = group
      group.asked = asked
      return try configuration.type.init(parameters: configuration.values, group: group)
    }
  }

  mutating func observe(layer prompts: [PromptView]) throws {
    for (place, prompt) in prompts.enumerated() { try bases[place].observe(prompt) }
  }

  mutating func choose(layer blocks: [QueryBlock]) throws -> [Selections?] {
    var own: [Selections] = []
    var ranks: [RankTap.Ranks] = []
    for (place, block) in blocks.enumerated() {
      let tap = RankTap()
      let chosen = try block.asking(budgets: block.budgets, guarded: block.guarded, tap: tap) {
        try bases[place].choose($0)
      }
      own.append(chosen ?? block.everything())
      if chosen?.corrections != nil { throw untrue("corrects", found: "a corrected output") }
      if let found = tap.ranks { ranks.append(found) }
    }
    if granularity == Granularity(sharing: .union) { return LayerUnion.sets(own, blocks) }
    let pages = try pooled(ranks, blocks)
    switch granularity.sharing {
    case .own: return chosen(pages, blocks)
    case .union: return LayerUnion.sets(chosen(pages, blocks), blocks)
    case .layer: return chosen(LayerRanks.summed(pages, blocks), blocks)
    case .unionCut: return chosen(LayerRanks.largest(pages, blocks), blocks)
    }
  }

  /// Ranks of pages, where those of tokens are not what is chosen by.
  private func pooled(_ ranks: [RankTap.Ranks], _ blocks: [QueryBlock]) throws -> [RankTap.Ranks] {
    guard ranks.count == blocks.count else { throw untrue("ranks", found: "a policy that ranks nothing") }
    guard granularity.page > 1 else { return ranks }
    guard ranks.allSatisfy({ $0.pageTokens == 1 }) else { throw untrue("ranks", found: "one of pages") }
    return zip(ranks, blocks).map { LayerRanks.pooled($0, $1, page: granularity.page) }
  }

  private func chosen(_ ranks: [RankTap.Ranks], _ blocks: [QueryBlock]) -> [Selections] {
    zip(ranks, blocks).map { ranks, block in
      ranks.pageTokens == 1
        ? block.tokens(of: ranks.matrix, guarded: ranks.guarded)
        : block.pages(
          of: PageScores(matrix: ranks.matrix, pageTokens: ranks.pageTokens), least: ranks.leastPages,
          guarded: ranks.guarded)
    }
  }

  /// What a policy from elsewhere may do, whose descriptor says otherwise.
  private func untrue(_ word: String, found: String) -> PolicyError {
    PolicyError(
      "policy '\(configuration.label)'", expected: "what its descriptor says under `\(word)`", found: found)
  }

  // What the frame knows of the policy.
  func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) { base.residentExtraBytes(tokens: tokens) }
  var cacheTier: MemoryTier { base.cacheTier }
  func deviceTokens(of step: Step, budget: Int, guarded: Guard) -> [Range<Int>] {
    base.deviceTokens(of: step, budget: budget, guarded: guarded)
  }
  var sendsDecodedTokens: Bool { base.sendsDecodedTokens }
  var deviceKeyBytes: Int { base.deviceKeyBytes }
  var holdsChosenOnly: Bool { base.holdsChosenOnly }
  var readsChosenKeys: Bool { base.readsChosenKeys }
  var choosesPerGroup: Bool { granularity.sharing != .own || base.choosesPerGroup }
  func pieceTokens(of step: Step, budget: Int) -> Int {
    granularity.page > 1 ? granularity.page : base.pieceTokens(of: step, budget: budget)
  }
}
