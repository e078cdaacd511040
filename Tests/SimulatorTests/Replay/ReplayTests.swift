import Attention
import Kernels
import Testing
import Traces

@testable import Policies
@testable import Simulator

/// The exact path against loops in double precision.
@Suite struct ReplayTests {
  /// A kind of model and how its trace is stored.
  struct Variant: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let hand: HandTrace
    var element = ElementType.f16
  }

  static func geometry(valueDim: Int = 16) -> Geometry {
    .init(layers: 2, queryHeads: 6, kvHeads: 2, headDim: 16, valueDim: valueDim)
  }

  static let variants = [
    // More tokens than a tile of 256.
    Variant(testDescription: "f16, 304 tokens", hand: HandTrace(decode: 4)),
    Variant(
      testDescription: "bf16, interleaved, partly rotated",
      hand: HandTrace(
        prompt: 80, decode: 4, rope: .init(pairing: .interleaved, base: 10_000, rotaryDim: 12), seed: 2),
      element: .bf16),
    Variant(
      testDescription: "f32, narrow values",
      hand: HandTrace(prompt: 80, decode: 4, geometry: geometry(valueDim: 5)),
      element: .f32),
    Variant(
      testDescription: "sliding window in layer 1, wide values",
      hand: HandTrace(
        prompt: 80, decode: 4, geometry: geometry(valueDim: 24),
        attention: .init(scale: 0.125, layerWindows: .list([nil, 40])), seed: 3)),
    Variant(
      testDescription: "sliding window and soft cap",
      hand: HandTrace(
        prompt: 80, decode: 4, attention: .init(scale: 0.25, logitSoftcap: 3, slidingWindow: 50), seed: 4)),
  ]

  static let policies = [
    "oracle", "oracle:sinks=2,recent=3", "oracle-mass:p=0.9", "random:sinks=2,recent=3",
    "streaming-llm:sinks=4", "fasa:chunks=3", "fasa:chunks=2,sinks=1,recent=4",
    "fasa:chunks=1,dense-layers=1",
  ]

  /// Our sums are of single precision over a few hundred tokens.
  static let massTolerance = 2e-6
  /// Relative to the full output's norm.
  static let outputErrorTolerance = 4e-6

  @Test(arguments: variants) func everyMetricIsWhatItsDefinitionSays(variant: Variant) throws {
    let folder = try TemporaryFolder()
    let hand = variant.hand
    let naive = NaiveReplay(trace: hand)
    let rows = hand.decodeRows
    let trace = try hand.trace(in: folder, element: variant.element)
    let profile = try NaiveProfile(naive, rows: rows)
    let configurations = try ReplayConfiguration.grid(
      PolicyGrammar.parse(Self.policies), budgets: [.tokens(24), .share(0.15)])
    let result = try Replay(trace).run(
      configurations, options: ReplayOptions(threads: 2, profile: profile.loaded(in: folder)))

    #expect(result.configurations.map(\.configuration) == configurations)
    // Decode steps are counted from 0, whatever is traced of the prompt.
    #expect(result.steps.map(\.index) == Array(rows.indices))
    #expect(result.steps.map(\.position) == rows.map { trace.queryPositions[$0] })
    for found in result.configurations {
      #expect(found.heads.map(\.layer) == [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
      #expect(found.heads.map(\.queryHead) == Array(0..<6) + Array(0..<6))
      for kvHead in 0..<2 {
        for layer in 0..<2 {
          try Self.compare(
            found, layer: layer, heads: kvHead * 3..<kvHead * 3 + 3, naive: naive, profile: profile,
            rows: rows)
        }
      }
    }
  }

  /// One group of one layer.
  private static func compare(
    _ found: ConfigurationResult, layer: Int, heads: Range<Int>, naive: NaiveReplay, profile: NaiveProfile,
    rows: [Int]
  ) throws {
    let configuration = found.configuration
    let isDense = layer < configuration.policy.values.integer(.denseLayers)
    let sets = heads.map { head in
      isDense
        ? rows.map { Set(naive.visible(layer: layer, row: $0)) }
        : naive.sets(
          configuration, layer: layer, head: head, rows: rows,
          chunks: NaiveReplay.dominant(
            profile.values[layer][head], configuration.policy.values.amount(FASA.chunks, of: profile.chunks)))
    }
    let budgets = configuration.budget.map { budget in
      rows.map {
        isDense ? naive.visible(layer: layer, row: $0).count : naive.k(budget, layer: layer, row: $0)
      }
    }
    for head in heads {
      let mine = try #require(found.heads.first { $0.layer == layer && $0.queryHead == head })
      let place: Comment = "\(configuration.label), layer \(layer), head \(head)"
      #expect(mine.kvHead == heads.lowerBound / 3, place)
      if !isDense { #expect(mine.choiceHashes == sets[head % 3].map(NaiveReplay.hash), place) }
      let weighted = naive.weightedError(layer: layer, head: head, rows: rows, sets: sets[head % 3])
      #expect(abs(mine.outputNormSum / weighted.norms - 1) <= outputErrorTolerance, place)
      #expect(
        abs(mine.weightedOutputError - weighted.differences / weighted.norms) <= outputErrorTolerance, place)
      let expected = naive.metrics(layer: layer, head: head, rows: rows, group: sets, budgets: budgets)
      for metric in Metric.allCases {
        for (step, value) in try #require(expected[metric]).enumerated() {
          let other = mine[metric, step]
          switch metric {
          case .mass, .oracleMass, .massRatio:
            #expect(abs(other - value) <= massTolerance, "\(metric) at \(step), \(place)")
          case .outputError, .oracleOutputError:
            #expect(abs(other - value) <= outputErrorTolerance, "\(metric) at \(step), \(place)")
          default:
            #expect(other == value || (other.isNaN && value.isNaN), "\(metric) at \(step), \(place)")
          }
        }
      }
    }
  }
}
