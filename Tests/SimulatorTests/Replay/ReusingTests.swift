import Attention
import Policies
import TestSupport
import Testing

@testable import Simulator

/// Sets that layers take from anchors, against those worked out from plain scores.
@Suite struct ReusingTests {
  static let hand = HandTrace(
    prompt: 40, decode: 7, geometry: .init(layers: 3, queryHeads: 4, kvHeads: 2, headDim: 16, valueDim: 8),
    seed: 5)
  static let k = 12

  static func run(_ policy: String, layers: [Int]? = nil) throws -> ConfigurationResult {
    let folder = try TemporaryFolder()
    var options = ReplayOptions(threads: 2)
    options.layers = layers
    let result = try Replay(hand.trace(in: folder)).run(
      ReplayConfiguration.grid(PolicyGrammar.parse([policy]), budgets: [.tokens(k)]), options: options)
    return try #require(result.configurations.first)
  }

  /// k best tokens of a layer's head by plain scores, or all that it sees.
  static func best(layer: Int, head: Int, row: Int) -> Set<Int> {
    let query = hand.queries[layer][head][row]
    let scores = (0...hand.positions[row]).map { token in
      (token: token, value: zip(query, hand.keys[layer][head / 2][token]).reduce(0) { $0 + $1.0 * $1.1 })
    }
    return Set(scores.sorted { ($0.value, $1.token) > ($1.value, $0.token) }.prefix(k).map(\.token))
  }

  static func hash(_ set: Set<Int>) -> UInt64 {
    set.sorted().map(Int32.init).withUnsafeBufferPointer { TokenSetHash.hash($0) }
  }

  /// Whose choice each layer uses; nil for all tokens.
  @Test(
    arguments: [
      ("oracle:reuse=0", [0, 0, 0]), ("oracle:reuse=0+2", [0, 0, 2]), ("oracle:reuse=1", [0, 1, 1]),
      ("oracle:reuse=0+1+2", [0, 1, 2]), ("oracle:dense-layers=1,reuse=0", [nil, 0, 0]),
      ("oracle:dense-layers=1,reuse=1", [nil, 1, 1]),
    ] as [(String, [Int?])])
  func layersTakeTheAnchorsChoice(policy: String, choosers: [Int?]) throws {
    let found = try Self.run(policy)
    #expect(found.heads.count == 12)
    for head in found.heads {
      for (step, row) in Self.hand.decodeRows.enumerated() {
        guard let chooser = choosers[head.layer] else {
          #expect(head[.selected, step] == head[.visible, step])
          continue
        }
        let expected = Self.best(layer: chooser, head: head.queryHead, row: row)
        #expect(head.choiceHashes[step] == Self.hash(expected), "layer \(head.layer), head \(head.queryHead)")
      }
    }
  }

  @Test(arguments: ["layer", "union", "union-cut"]) func coarserChoicesAreTakenWhole(scope: String) throws {
    let (own, found) = (try Self.run("oracle:scope=\(scope)"), try Self.run("oracle:scope=\(scope),reuse=0"))
    let first = own.heads.filter { $0.layer == 0 }
    for head in found.heads { #expect(head.choiceHashes == first[head.queryHead].choiceHashes) }
    if scope == "union" { #expect(found.heads.contains { $0[.selected, 0] > Double(Self.k) }) }
  }

  /// A layer that takes a choice reads its list, one for each query head, and scores no key.
  @Test func whatIsTakenIsReadAsAListAlone() throws {
    let found = try Self.run("oracle:reuse=0")
    let steps = Self.hand.decodeRows.count
    for part in found.traffic {
      let lists = part.work.operations[.list(.select)] ?? TrafficBytes()
      let scored = part.work.operations.filter { $0.key.stage == .score }
      if part.layer == 0 {
        #expect(lists == TrafficBytes(written: 2 * Self.k * 4 * steps) && !scored.isEmpty)
      } else {
        let bytes = 2 * Self.k * 4 * steps
        #expect(
          lists == TrafficBytes(readPerHead: bytes, readGroupUnion: bytes, written: 0) && scored.isEmpty)
      }
    }
  }

  @Test(arguments: ["oracle:reuse=0+1+2", "oracle:reuse=2"]) func noListIsWrittenForNobody(policy: String)
    throws
  {
    let (own, found) = (try Self.run("oracle"), try Self.run(policy))
    #expect(found.traffic.map(\.work) == own.traffic.map(\.work))
  }

  @Test func whatMovesLessKeepsLess() throws {
    let (own, taken) = (try Self.run("quest:dense-layers=0"), try Self.run("quest:dense-layers=0,reuse=0"))
    func resident(_ result: ConfigurationResult, _ layer: Int) -> Int {
      result.traffic.filter { $0.layer == layer }.reduce(0) { $0 + $1.residentDeviceBytes }
    }
    #expect(resident(taken, 0) == resident(own, 0) && resident(taken, 1) < resident(own, 1))
    #expect(taken.configuration.policy.scope == .model)
  }

  @Test func aMissingAnchorIsNamed() throws {
    let error = #expect(throws: PolicyError.self) { _ = try Self.run("oracle:reuse=0", layers: [1, 2]) }
    #expect(error?.place == "policy 'oracle:reuse=0': layer 1")
    #expect(error?.expected == "layer 0, whose choice it uses, among those replayed")
  }

  @Test(arguments: ["2+0", "0+0", "+", "", "0+", "00+1", "-1", "1024", "0,2", "any"])
  func textsThatAreNoLayersAreRefused(text: String) {
    #expect(ParameterDescriptor.reuse.parse(text) == nil)
  }
}
