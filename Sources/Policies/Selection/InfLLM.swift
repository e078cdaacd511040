import Attention

/// Blocks found by representative keys (Xiao et al., NeurIPS 2024).
///
/// Each block of tokens is represented by the r keys that queries a little further on attend to most; a block's score
/// is the query's mean score with them. First and most recent tokens are always kept.
public struct InfLLM: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "infllm",
    summary: "Keeps the blocks whose few representative keys score highest, beside a local window.",
    paper: "https://arxiv.org/abs/2402.04617", kind: .selection,
    parameters: [block, representatives, localShare, initialShare, distance, scope], common: [.denseLayers],
    needs: [.observationWindow],
    ranks: .pages, cost: "d a block",
    notes: """
      The authors score a key by the queries of its next tokens, which a trace does not hold; here by the mean query of the \
      observation window, turned back and then on by 1 to `distance` tokens. A block is scored by the mean of its representatives, as the \
      released code does, which keeps that one vector. Keys are averaged as they are rotated; the authors' blocks hold unrotated keys, and a query meets them all at one distance. Blocks lie on the host, first and last tokens on the device. They begin at the text's first token, the authors' after the initial ones, which no parameter says. k is rounded down to whole blocks, to one at least, and what exceeds it is cut.
      """,
    alwaysKeeps: { "the first \($0.number(initialShare)) and newest \($0.number(localShare)) of k" })

  static let block = ParameterDescriptor(
    "block", .integer(1...4096), default: .integer(128), help: "tokens of a block")
  static let representatives = ParameterDescriptor(
    "representatives", .integer(1...4096), default: .integer(4), help: "r, keys that stand for a block")
  static let localShare = ParameterDescriptor(
    "local-share", .number(0...1), default: .number(0.65),
    help: "share of k that is the most recent tokens; the authors' 4096 of 6272")
  static let initialShare = ParameterDescriptor(
    "initial-share", .number(0...1), default: .number(0.02),
    help: "share of k that is the first tokens; the authors' 128 of 6272")
  static let distance = ParameterDescriptor(
    "distance", .integer(1...131_072), default: .integer(4096),
    help: "how far on the queries are that choose representatives")
  static let scope = ParameterDescriptor(
    "scope", .choice(["head", "group"]), default: .word("group"),
    help: "choose per query head, or one set per KV head; the authors choose one per layer")

  private let page: Int
  private let representatives: Int
  private let localShare: Double
  private let initialShare: Double
  private let distance: Int
  private let group: GroupContext
  private let rotation: Rotation
  public let choosesPerGroup: Bool
  /// The window's mean query, as it will be over the coming tokens.
  private var expected: [Double] = []

  public init(parameters: ParameterValues, group: GroupContext) {
    page = parameters.integer(Self.block)
    representatives = parameters.integer(Self.representatives)
    localShare = parameters.number(Self.localShare)
    initialShare = parameters.number(Self.initialShare)
    distance = parameters.integer(Self.distance)
    choosesPerGroup = parameters.word(Self.scope) == "group"
    self.group = group
    rotation = Rotation(group)
  }

  public mutating func observe(_ prompt: PromptView) throws {
    let window = try prompt.requiredWindow("infllm")
    let heads = (0..<group.groupSize).flatMap { window.unrotatedQueries(head: $0, rotation) }
    expected = rotation.apply(rotation.meanTurn(over: 1..<distance + 1), to: meanVector(heads))
  }

  public func choose(_ block: QueryBlock) -> Selections? {
    let d = group.headDim
    let importance = block.tables.perToken("infllm importance \(distance)", importance)
    let count = representatives
    let table = PageTable("infllm \(distance) \(count)", of: block.tables, pageTokens: page, width: d) {
      page, out in
      let chosen = page.tokens.sorted { (importance[$0], $1) > (importance[$1], $0) }.prefix(count).sorted()
      for c in 0..<d {
        out[c] = chosen.reduce(Float(0)) { $0 + page[$1][c] } / Float(chosen.count)
      }
    }
    let scores = block.scores(table, queries: block.queries, rows: .vector(group.headDim, like: group))
    return block.bestPages(choosesPerGroup ? block.summedOverGroup(scores) : scores) { [self] step in
      kept(of: block.budget(of: step))
    }
  }

  private func kept(of k: Int) -> Guard {
    Guard(sinks: Int(Double(k) * initialShare), recent: Int(Double(k) * localShare))
  }

  /// What the expected query of the tokens after a key would score it.
  private func importance(_ token: Int, _ key: UnsafePointer<Float>) -> Float {
    var key = Array(UnsafeBufferPointer(start: key, count: group.headDim))
    key.withUnsafeMutableBufferPointer { buffer in
      if let start = buffer.baseAddress { rotation.turn(start, by: -token) }
    }
    return zip(key, expected).reduce(Float(0)) { $0 + $1.0 * Float($1.1) }
  }

  public var cacheTier: MemoryTier { .host }
  public func pieceTokens(of step: Step, budget: Int) -> Int { page }

  public func deviceTokens(of step: Step, budget: Int, guarded: Guard) -> [Range<Int>] {
    let (sinks, _, recent) = kept(of: budget).split(step.visible, budget: budget)
    return [sinks, recent]
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    ((tokens + page - 1) / page * group.keyRowBytes, 0)
  }
}
