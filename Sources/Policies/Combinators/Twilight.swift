import Attention

/// Top-p pruning over another selector (Lin et al., NeurIPS 2025).
///
/// The wrapped policy proposes candidates; their scores are estimated on 4-bit keys, and the fewest are kept whose
/// estimated softmax reaches p.
public struct Twilight: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "twilight",
    summary: "Prunes another policy's candidates to the fewest that hold mass p by 4-bit keys.",
    paper: "https://arxiv.org/abs/2502.02770", kind: .selection,
    parameters: [base, p, candidates, bits, ParameterDescriptor.denseLayers.defaulting(to: .integer(2))],
    usesBudget: false,
    cost: "the wrapped policy's, and d / 2 + 8 bytes a candidate",
    notes: """
      Sizes its own sets. Reads what the wrapped policy reads, then a quantised key, with its lowest value and step in 16 bits each, for every \
      candidate, and writes and reads its estimated score. Candidates that `sinks` and `recent` name are kept first, and count in p. Chosen keys and values are then read in full.
      """)

  static let base = ParameterDescriptor.base(["quest", "double-sparsity", "fasa", "loki", "sparq", "oracle"])
  static let p = ParameterDescriptor(
    "p", .number(0.01...1), default: .number(0.85), help: "estimated mass to reach")
  static let candidates = ParameterDescriptor(
    "candidates", .amount, default: .amount(.share(0.25)), help: "tokens that the wrapped policy proposes"
  )
  static let bits = ParameterDescriptor(
    "bits", .integer(1...16), default: .integer(4), help: "bits of the key estimate")

  private let share: Double
  private let candidates: Budget
  private let bits: Int
  private let group: GroupContext
  private var base: any Policy

  public init(parameters: ParameterValues, group: GroupContext) throws {
    share = parameters.number(Self.p)
    bits = parameters.integer(Self.bits)
    if case .amount(let amount)? = parameters[Self.candidates] {
      candidates = amount
    } else {
      candidates = .share(0.25)
    }
    self.group = group
    let configuration = try parameters.baseConfiguration(Self.base, for: "twilight")
    base = try configuration.type.init(parameters: configuration.values, group: group)
  }

  public mutating func observe(_ prompt: PromptView) throws { try base.observe(prompt) }

  /// Its own k is what it needed; the replay takes it from the sets chosen.
  public func budgets(of steps: [Step], asked: Budget) -> [Int] { steps.map(\.visible.count) }

  public mutating func choose(_ block: QueryBlock) throws -> Selections? {
    let limits = candidates.tokens(of: block.steps)
    let (proposed, covered) = try block.asking(budgets: limits, guarded: block.guarded) { inner in
      (try base.select(inner) ?? inner.everything(), inner.steps.indices.filter(inner.isCovered))
    }
    let estimates = estimate(block, of: proposed)
    var result = Selections()
    for row in 0..<proposed.rows {
      let tokens = Array(proposed[row])
      let weights = block.softmax(estimates[row])
      let step = row % block.steps.count
      let (sinks, _, recent) = block.guarded.split(block.steps[step].visible, budget: limits[step])
      func isKept(_ place: Int) -> Bool {
        sinks.contains(Int(tokens[place])) || recent.contains(Int(tokens[place]))
      }
      var chosen = tokens.indices.filter(isKept)
      var mass = chosen.reduce(0.0) { $0 + Double(weights[$1]) }
      let others = tokens.indices.filter { !isKept($0) }
      let order = others.map { weights[$0] }.bestFirst().lazy.map { others[$0] }
      for place in order where mass < share || chosen.isEmpty {
        chosen.append(place)
        mass += Double(weights[place])
      }
      result.appendRow(chosen.map { tokens[$0] }.sorted())
    }
    if !base.readsChosenKeys {
      // The wrapped policy read every key but at steps that its candidates cover, where it had nothing to choose.
      block.chargeGather(
        DecodeOperation(
          .attend, .gather, .keys, rowBytes: group.cachedKeyBytes, bits: group.cacheBits,
          pattern: .gather(rowBytes: group.cachedKeyBytes)),
        result, at: covered)
    }
    return result
  }

  /// Scores of the candidates by quantised keys, `[row][place among its candidates]`.
  private func estimate(_ block: QueryBlock, of proposed: Selections) -> [[Float]] {
    let d = group.headDim
    let table = TokenTable("quantised keys \(bits)", of: block.tables, width: d) { key, out in
      out.update(from: key, count: d)
      if bits < 16 { Quantised.round(out, count: d, bits: bits) }
    }
    return block.scores(table, queries: block.queries, rows: row, of: proposed)
  }

  private var row: StoredRow { .rounded(group.headDim, bits: bits) }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    let inner = base.residentExtraBytes(tokens: tokens)
    return (inner.device + tokens * row.bytes, inner.host)
  }

  public var heldTokens: Int? { base.heldTokens }
  public var cacheTier: MemoryTier { base.cacheTier }
  public var readsChosenKeys: Bool { base.readsChosenKeys }
}
