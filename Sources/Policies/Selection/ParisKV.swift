import Attention

/// Collision votes, then a rerank in 4 bits (Qi et al., ICML 2026).
///
/// Keys are turned at random and cut into blocks of 8 channels. In every block the tokens whose signs suit the query best get
/// votes, in tiers; those of most votes over all blocks are ranked once more by their keys in 4 bits a channel.
public struct ParisKV: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "pariskv",
    summary: "Lets blocks of key signs vote for candidates, and ranks those by keys of 4 bits.",
    paper: "https://arxiv.org/abs/2602.07721", kind: .selection,
    parameters: [
      candidates, ratio, ParameterDescriptor.sinks.defaulting(to: .integer(4)),
      ParameterDescriptor.recent.defaulting(to: .integer(64)),
    ], common: [.denseLayers],
    cost: "d/8 bytes a token, 3 d/4 bytes a candidate, 128 d bytes of counts",
    notes: """
      One set per KV head, by the sum of its heads' queries, which ranks as their mean does. Patterns, sketches and counts lie on the device with first and last tokens, other keys and values on the host. \
      The shares follow the authors' by the length that a step sees, unless given: 0.5 and 0.5 below 5,000, 0.25 and 0.3 below 10,000, 0.2 and 0.25 below 30,000, else 0.1 and 0.2. Candidates are at least what k has room for. The authors \
      keep the 100 best beside first and last tokens, all of which count in k here; they put decoded tokens into the tables 512 at a time and keep those before whatever their rank, here each is put there at once and competes as it leaves the last tokens. They attend to everything below \
      2,000 tokens, here nothing but k decides. Counts of the keys of each pattern are kept, 32 bits each, where theirs are made anew. Votes tie often; of equals the lower token stays. Block weights are rounded to 16 bits as theirs, queries are not. \
      Random signs are seeded by the run, one set for all layers and heads; where d is no power of two its Hadamard matrices are of the largest that divides it.
      """)

  static let candidates = ParameterDescriptor(
    "candidates", .number(0...1), default: .number(0),
    help: "β, share of the tokens that is ranked by 4 bits; 0 for the authors' by length")
  static let ratio = ParameterDescriptor(
    "ratio", .number(0...1), default: .number(0),
    help: "ρ, share of the tokens in a block's outermost tier; 0 for the authors' by length")

  /// Shares of the outermost tier that the tiers hold.
  static let tiers = [0.05, 0.15, 0.30, 0.50, 0.75, 1.0]

  private let candidates: Double
  private let ratio: Double
  private let guarded: Guard
  private let group: GroupContext

  public init(parameters: ParameterValues, group: GroupContext) {
    candidates = parameters.number(Self.candidates)
    ratio = parameters.number(Self.ratio)
    guarded = parameters.guarded
    self.group = group
  }

  public var choosesPerGroup: Bool { true }
  public var cacheTier: MemoryTier { .host }

  /// β and ρ of so many tokens.
  func shares(_ tokens: Int) -> (candidates: Double, ratio: Double) {
    let own =
      switch tokens {
      case ..<5_000: (0.5, 0.5)
      case ..<10_000: (0.25, 0.3)
      case ..<30_000: (0.2, 0.25)
      default: (0.1, 0.2)
      }
    return (candidates > 0 ? candidates : own.0, ratio > 0 ? ratio : own.1)
  }

  public func choose(_ block: QueryBlock) -> Selections? {
    let patterns = SignPatterns(block.tables, seed: group.seed)
    let ranks = block.makeMatrix()
    for (index, step) in block.steps.enumerated() {
      let k = block.budgets[index]
      let (sinks, middle, recent) = guarded.split(step.visible, budget: k)
      let room = k - sinks.count - recent.count
      let first = ranks.row(index)
      // Below any score, so that who is no candidate is not chosen.
      for token in step.visible { first[token] = -0x1p100 }
      let query = block.turnedSum(step: index, patterns.turn)
      let some = candidates(patterns, query, block, among: middle, of: step.visible.count, atLeast: room)
      for (token, score) in zip(some, block.scores(patterns, query, of: some)) { first[token] = score }
      for head in 1..<max(1, group.groupSize) {
        ranks.row(block.row(head: head, step: index)).update(from: first, count: ranks.stride)
      }
    }
    block.chargeAppend(patterns)
    block.notePages(PageScores(matrix: ranks, pageTokens: 1), least: 1) { [guarded] _ in guarded }
    return block.tokens(of: ranks) { _ in guarded }
  }

  /// The tokens of most votes, of equals the lower.
  private func candidates(
    _ patterns: SignPatterns, _ query: [Float], _ block: QueryBlock, among middle: Range<Int>, of tokens: Int,
    atLeast room: Int
  ) -> [Int] {
    let shares = shares(tokens)
    func share(_ share: Double) -> Int { Int((Double(middle.count) * share).rounded(.up)) }
    let votes = block.votes(
      patterns, query, tokens: middle, tiers: Self.tiers.map { share(shares.ratio * $0) })
    let count = min(middle.count, max(room, share(shares.candidates)))
    var chosen = Array(repeating: Int32(0), count: count)
    chosen.withUnsafeMutableBufferPointer { out in
      votes.withUnsafeBufferPointer { votes in
        guard let start = out.baseAddress else { return }
        block.kernels.topK(votes, k: count, into: start, scratch: block.scratch)
      }
    }
    return chosen.map { middle.lowerBound + Int($0) }
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    let row = SignPatterns.blocks(group.headDim).count + SignPatterns.sketchRow(group.headDim).bytes
    return (tokens * row + SignPatterns.countBytes(group.headDim), 0)
  }
}
