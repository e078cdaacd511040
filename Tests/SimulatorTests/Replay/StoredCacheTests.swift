import Attention
import Policies
import Testing

@testable import Simulator

/// Caches of fewer bits: errors are from exact attention, chosen and attended to by what is stored.
@Suite struct StoredCacheTests {
  /// More tokens than KIVI keeps exact, and fewer than two of its blocks after the prompt.
  static let hand = HandTrace(
    prompt: 260, decode: 4, geometry: .init(layers: 1, queryHeads: 4, kvHeads: 2, headDim: 64, valueDim: 64),
    seed: 11)

  /// What the cache gives back at a row: of the newest tokens of some formats the exact ones.
  static func stored(_ format: CacheFormat, row: Int) -> NaiveReplay {
    var hand = hand
    let seen = hand.positions[row] + 1
    func rounded(_ exact: [[Float]], _ side: CacheFormat.Side) -> [[Float]] {
      var flat = exact.flatMap(\.self)
      let tensor = format.tensorScale(flat, count: 260 * 64)
      format.round(&flat, tokens: exact.count, channels: 64, side: side, tensor: tensor)
      let stored = format.stored(side, of: seen)
      return exact.indices.map { $0 < stored ? Array(flat[$0 * 64..<($0 + 1) * 64]) : exact[$0] }
    }
    hand.keys = hand.keys.map { $0.map { rounded($0, .keys) } }
    hand.values = hand.values.map { $0.map { rounded($0, .values) } }
    return NaiveReplay(trace: hand)
  }

  @Test(arguments: CacheFormat.allCases) func errorsAreOfWhatIsStored(format: CacheFormat) throws {
    let folder = try TemporaryFolder()
    let trace = try Self.hand.trace(in: folder)
    let policies = try PolicyGrammar.parse(
      ["dense", "oracle", "streaming-llm:sinks=2", "oracle:kv-chooses=exact"]
    ).map { $0.stored(as: format) }
    let result = try Replay(trace).run(
      ReplayConfiguration.grid(policies, budgets: [.tokens(20)]), options: ReplayOptions(threads: 2))
    let exact = NaiveReplay(trace: Self.hand)
    for configuration in result.configurations {
      for head in configuration.heads {
        for (step, row) in Self.hand.decodeRows.enumerated() {
          let stored = Self.stored(format, row: row)
          let set = Self.chosen(configuration.configuration, exact, stored, head: head.queryHead, row: row)
          let (full, own) = (
            exact.full(layer: 0, head: head.queryHead, row: row),
            stored.full(layer: 0, head: head.queryHead, row: row)
          )
          let out = stored.output(
            stored.attention(own.scores, over: set), layer: 0, head: head.queryHead)
          let error =
            NaiveReplay.norm(zip(out, full.output).map { $0 - $1 }) / NaiveReplay.norm(full.output)
          #expect(
            abs(head[.outputError, step] - error) < 2e-5 * max(1, error),
            "\(configuration.configuration.label)")
          #expect(abs(head[.mass, step] - NaiveReplay.mass(full.weights, of: set)) < 1e-5)
        }
      }
    }
  }

  static func chosen(
    _ configuration: ReplayConfiguration, _ exact: NaiveReplay, _ stored: NaiveReplay, head: Int, row: Int
  ) -> Set<Int> {
    let chooses = configuration.policy.choosesByExactKeys ? exact : stored
    return chooses.sets(configuration, layer: 0, head: head, rows: [row], chunks: [])[0]
  }

  @Test func bytesAreThoseOfTheFormat() throws {
    let folder = try TemporaryFolder()
    let trace = try Self.hand.trace(in: folder)
    let policies = try PolicyGrammar.parse([
      "dense", "dense:kv=q4_0", "dense:kv=int8", "streaming-llm:kv=nvfp4",
    ])
    let result = try Replay(trace).run(
      ReplayConfiguration.grid(policies, budgets: [.tokens(20)]), options: ReplayOptions())
    let read = result.configurations.map { configuration in
      configuration.traffic.reduce(0) { $0 + $1.work.total.readPerHead }
    }
    let tokens = Self.hand.decodeRows.reduce(0) { $0 + Self.hand.positions[$1] + 1 }
    // Four query heads read a key and a value of 64 channels each; 20 tokens at each of four steps.
    #expect(read == [4 * tokens * 2 * 128, 4 * tokens * 2 * 36, 4 * tokens * 2 * 68, 4 * 4 * 20 * 2 * 36])
    // What lies in memory follows.
    let resident = result.configurations.map { $0.traffic.reduce(0) { $0 + $1.residentDeviceBytes } }
    #expect(resident == [2 * 264 * 2 * 128, 2 * 264 * 2 * 36, 2 * 264 * 2 * 68, 2 * 20 * 2 * 36])
  }

  @Test func aFormatThatCannotHoldTheHeadsIsRefused() throws {
    let folder = try TemporaryFolder()
    let trace = try HandTrace(prompt: 40, decode: 2).trace(in: folder)
    let policies = try PolicyGrammar.parse(["dense:kv=q4_0"])
    let error = #expect(throws: PolicyError.self) {
      _ = try Replay(trace).run(
        ReplayConfiguration.grid(policies, budgets: [.tokens(20)]), options: ReplayOptions())
    }
    #expect(error?.expected == "heads of a multiple of 32 channels, which are stored together")
  }
}
