import Attention

/// Clusters of a KV head's prompt, all but its first and last tokens; later ones join as they leave the last.
struct JoinedClusters: Sendable {
  /// Tokens of a cluster on average.
  private let size: Int
  private let rounds: Int
  /// Tokens that are in none, the first and the last.
  let keeping: Guard
  private let promptTokens: Int
  private var clusters: KeyClusters?
  /// First token that is in no cluster.
  private var next = 0
  /// The cluster of each token before that; -1 for none.
  private(set) var owners: [Int32] = []

  /// - Parameter parameters: those of ``Gist/clustering``.
  init(_ parameters: ParameterValues, _ group: GroupContext) {
    size = parameters.integer(Gist.cluster)
    rounds = parameters.integer(Gist.rounds)
    keeping = Guard(sinks: parameters.integer(.sinks), recent: max(1, parameters.integer(.recent)))
    promptTokens = group.promptTokens
  }

  /// Those so far.
  var known: KeyClusters { clusters ?? KeyClusters() }

  /// The prompt's.
  func began(_ tables: GroupTables) -> KeyClusters {
    tables.cached(name(tables), ofPrompt: true) {
      KeyClusters(tables, tokens: zone(tables), size: size, rounds: rounds)
    }
  }

  /// Says what the prompt's clusters were made from.
  private func name(_ tables: GroupTables) -> String { "clusters \(zone(tables)) \(size) \(rounds)" }

  /// How much of their spread makes the prompt's clusters weigh what their keys do.
  func fittedSpread(_ prompt: PromptView, most: Float, reading tokens: Int) -> Float {
    began(prompt.tables).fittedSpread(prompt, most: most, reading: tokens, named: name(prompt.tables))
  }

  private func zone(_ tables: GroupTables) -> Range<Int> {
    let first = min(keeping.sinks, promptTokens)
    return (first..<max(first, promptTokens - keeping.recent)).clamped(to: 0..<tables.tokens)
  }

  /// Those of all tokens before the last ones that a step sees.
  mutating func grown(to step: Step, _ block: QueryBlock) -> KeyClusters {
    if clusters == nil {
      let prompt = began(block.tables)
      clusters = prompt
      next = zone(block.tables).upperBound
      owners = Array(repeating: -1, count: next)
      for (cluster, tokens) in prompt.members.enumerated() {
        for token in tokens { owners[Int(token)] = Int32(cluster) }
      }
    }
    let end = max(next, step.visible.upperBound - keeping.recent)
    // In place: a copy of all clusters a step would cost more than the tokens.
    for token in next..<end { owners.append(Int32(clusters?.add(Int32(token), block.tables) ?? -1)) }
    block.chargeJoining(end - next)
    next = end
    return known
  }
}
