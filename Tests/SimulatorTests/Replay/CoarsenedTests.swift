import Attention
import Policies
import TestSupport
import Testing

@testable import Simulator

/// Choices for whole layers, whole pages and by older queries, against sets worked out from plain scores.
@Suite struct CoarsenedTests {
  static let hand = HandTrace(
    prompt: 40, decode: 7, geometry: .init(layers: 1, queryHeads: 4, kvHeads: 2, headDim: 16, valueDim: 8),
    seed: 9)
  typealias Row = [(token: Int, value: Double)]

  /// Of all that a row sees, by its own query or another row's.
  static func scores(_ head: Int, _ row: Int, by other: Int? = nil) -> Row {
    let query = hand.queries[0][head][other ?? row]
    return (0...hand.positions[row]).map { token in
      let key = hand.keys[0][head / 2][token]
      return (token: token, value: zip(query, key).reduce(0.0) { $0 + Double($1.0 * $1.1) })
    }
  }

  /// k best of some columns; ties to the lower one.
  static func best(_ row: Row, _ k: Int) -> Set<Int> {
    Set(row.sorted { ($0.value, $1.token) > ($1.value, $0.token) }.prefix(k).map(\.token))
  }

  static func paged(_ row: Row, _ page: Int) -> Row {
    Dictionary(grouping: row) { $0.token / page }.sorted { $0.key < $1.key }.map { place, tokens in
      (token: place, value: tokens.map(\.value).max() ?? 0)
    }
  }

  static func tokens(_ pages: Set<Int>, _ page: Int, _ row: Row) -> Set<Int> {
    Set(row.map(\.token).filter { pages.contains($0 / page) })
  }

  static func combined(_ rows: [Row], _ combine: ([Double]) -> Double) -> Row {
    rows[0].indices.map { place in (token: rows[0][place].token, value: combine(rows.map { $0[place].value }))
    }
  }

  static func standard(_ row: Row) -> Row {
    let mean = row.reduce(0) { $0 + $1.value } / Double(row.count)
    let variance = row.reduce(0) { $0 + ($1.value - mean) * ($1.value - mean) } / Double(row.count)
    return row.map { (token: $0.token, value: Double(Float(($0.value - mean) / variance.squareRoot()))) }
  }

  static func run(_ policy: String, budget: Int = 12) throws -> ConfigurationResult {
    let folder = try TemporaryFolder()
    let trace = try hand.trace(in: folder)
    let result = try Replay(trace).run(
      ReplayConfiguration.grid(PolicyGrammar.parse([policy]), budgets: [.tokens(budget)]),
      options: ReplayOptions(threads: 2))
    return try #require(result.configurations.first)
  }

  /// What each scope chooses, of the four heads of the layer.
  static func expected(_ policy: String, rows: [Row], head: Int) -> Set<Int> {
    switch policy {
    case "oracle:scope=layer": best(combined(rows) { $0.reduce(0, +) }, 12)
    case "oracle:scope=union": rows.reduce(into: []) { $0.formUnion(best($1, 12)) }
    case "oracle:scope=union-cut": best(combined(rows.map(standard)) { $0.max() ?? 0 }, 12)
    case "oracle:page=4": tokens(best(paged(rows[head], 4), 3), 4, rows[0])
    case "oracle:page=4,scope=layer":
      tokens(best(combined(rows.map { paged($0, 4) }) { $0.reduce(0, +) }, 3), 4, rows[0])
    default:
      rows.reduce(into: []) { $0.formUnion(tokens(best(paged($1, 4), 3), 4, rows[0])) }
    }
  }

  @Test(arguments: [
    "oracle:scope=layer", "oracle:scope=union", "oracle:scope=union-cut", "oracle:page=4",
    "oracle:page=4,scope=layer", "oracle:page=4,scope=union",
  ])
  func setsAreThoseWorkedOut(policy: String) throws {
    let found = try Self.run(policy)
    #expect(found.heads.count == 4)
    for head in found.heads {
      for (step, row) in Self.hand.decodeRows.enumerated() {
        let set = Self.expected(policy, rows: (0..<4).map { Self.scores($0, row) }, head: head.queryHead)
        let hash = set.sorted().map(Int32.init).withUnsafeBufferPointer { TokenSetHash.hash($0) }
        #expect(head.choiceHashes[step] == hash, "head \(head.queryHead), step \(step)")
        #expect(head[.selected, step] == Double(set.count))
        if policy.contains("scope") { #expect(head[.groupUnion, step] == Double(set.count)) }
      }
    }
  }

  /// The first steps choose by the first query that there is; below the cosine each chooses by its own.
  @Test(arguments: [(2, 0.0), (3, 0.4), (1, 1.0)]) func olderQueriesChoose(lag: Int, cosine: Double) throws {
    let found = try Self.run("oracle:lag=\(lag)" + (cosine > 0 ? ",lag-cos=\(cosine)" : ""))
    var own = 0
    for head in found.heads {
      for step in Self.hand.decodeRows.indices {
        let (now, before) = (Self.hand.decodeRows[step], Self.hand.decodeRows[max(0, step - lag)])
        let cosines = (0..<2).map { Self.cosine(head.kvHead * 2 + $0, now, before) }
        let isNear = cosine == 0 || (cosines[0] + cosines[1]) / 2 >= cosine
        own += isNear ? 0 : 1
        let set = Self.best(Self.scores(head.queryHead, now, by: isNear ? before : now), 12)
        let hash = set.sorted().map(Int32.init).withUnsafeBufferPointer { TokenSetHash.hash($0) }
        #expect(head.choiceHashes[step] == hash, "head \(head.queryHead), step \(step)")
      }
    }
    #expect((own > 0) == (cosine > 0))
    #expect(found.configuration.policy.prefetches == (cosine == 0))
  }

  static func cosine(_ head: Int, _ a: Int, _ b: Int) -> Double {
    let (left, right) = (hand.queries[0][head][a].map(Double.init), hand.queries[0][head][b].map(Double.init))
    func product(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    return product(left, right) / (product(left, left) * product(right, right)).squareRoot()
  }

  @Test(arguments: [
    ("random:scope=layer", "policy 'random': scope", "'layer'"),
    (
      "sparq:scope=layer", "policy 'sparq:scope=layer': scope, page and reuse",
      "a correction for those that this policy chose"
    ),
    ("shadowkv:page=16", "policy 'shadowkv'", "'page'"),
  ])
  func whatCannotBeIsRefused(policy: String, place: String, found: String) throws {
    let error = #expect(throws: PolicyError.self) { _ = try Self.run(policy) }
    #expect(error?.place == place && error?.found == found)
  }

  @Test func everyPolicyThatRanksCanChooseForALayer() throws {
    for name in [
      "fasa:chunks=100%", "sparq:mean-values=off", "quest:dense-layers=0", "socket", "shadowkv", "pqcache",
    ] {
      let found = try Self.run(name + (name.contains(":") ? "," : ":") + "scope=layer")
      for step in Self.hand.decodeRows.indices {
        #expect(Set(found.heads.map { $0.choiceHashes[step] }).count == 1, "\(name)")
        #expect(found.heads.allSatisfy { $0[.groupUnion, step] == $0[.selected, step] }, "\(name)")
      }
    }
  }
}
