import Attention
import Kernels
import Policies
import Testing
import Traces

@testable import Simulator

/// Errors of whole layers after their output projection.
@Suite struct ProjectedErrorTests {
  static func run(
    _ trace: Trace, _ policies: [String], _ options: ReplayOptions = ReplayOptions(threads: 2)
  ) throws -> [ConfigurationResult] {
    try Replay(trace).run(
      ReplayConfiguration.grid(PolicyGrammar.parse(policies), budgets: [.tokens(9)]), options: options
    ).configurations
  }

  /// Relative to the whole output's norm, which a projection to a few channels makes small.
  static let tolerance = 2e-5

  /// Policies whose sets are known from their definitions, against loops in double precision. Few of these numbers of
  /// channels fill the kernels' panels.
  @Test(arguments: zip(ReplayTests.variants, [5, 40, 16, 7, 33])) func theyAreWhatTheirDefinitionSays(
    variant: ReplayTests.Variant, channels: Int
  ) throws {
    let folder = try TemporaryFolder()
    let hand = variant.hand.projected(to: channels)
    let naive = NaiveReplay(trace: hand)
    let rows = hand.decodeRows
    let trace = try hand.trace(in: folder, element: variant.element)
    let policies = ["dense", "oracle", "oracle-mass:p=0.9", "random:recent=3", "streaming-llm:sinks=4"]
    let found = try Self.run(trace, policies)
    #expect(found.count == policies.count)
    for configuration in found {
      #expect(configuration.layers.map(\.layer) == [0, 1])
      for layer in configuration.layers {
        let sets = (0..<6).map {
          naive.sets(configuration.configuration, layer: layer.layer, head: $0, rows: rows, chunks: [])
        }
        let expected = naive.projectedError(layer: layer.layer, rows: rows, sets: sets)
        for (step, (difference, norm)) in expected.enumerated() {
          let place: Comment = "\(configuration.configuration.label), layer \(layer.layer), step \(step)"
          #expect(
            abs(layer.outputError(step) - difference / norm) <= Self.tolerance, place)
          #expect(abs(layer.outputNorm(step) / norm - 1) <= Self.tolerance, place)
        }
        let all = expected.reduce((0.0, 0.0)) { ($0.0 + $1.difference, $0.1 + $1.norm) }
        #expect(abs(layer.projectedOutputError - all.0 / all.1) <= Self.tolerance)
        #expect(abs(layer.outputNormSum / all.1 - 1) <= Self.tolerance)
      }
    }
    #expect(found[0].layers.allSatisfy { $0.projectedOutputError == 0 })
  }

  /// A projection that changes nothing leaves the heads' own errors, added as the sides of right angles: so it must be for
  /// every policy, whatever it makes of its tokens, and however its heads choose.
  @Test func withoutProjectingItIsTheHeadsOwnErrors() throws {
    let folder = try TemporaryFolder()
    var hand = HandTrace(prompt: 80, decode: 30, window: 32, seed: 5)
    let size = 6 * 16
    hand.projections = (0..<2).map { _ in
      (0..<size).map { row in (0..<size).map { $0 == row ? 1 : 0 } }
    }
    let trace = try hand.trace(in: folder)
    let policies = Runnability(trace, options: ReplayOptions()).sorted(try PolicyGrammar.parse(["all"]))
      .runnable
    let scopes = Set(policies.map(\.descriptor.scope))
    #expect(scopes == [.group, .layer, .model] && policies.count > 20)
    let found = try Replay(trace).run(
      ReplayConfiguration.grid(policies, budgets: [.tokens(9)]), options: ReplayOptions(threads: 2))
    for configuration in found.configurations {
      #expect(configuration.layers.map(\.layer) == [0, 1])
      for layer in configuration.layers {
        let heads = configuration.heads.filter { $0.layer == layer.layer }
        for step in 0..<30 {
          func root(_ value: (HeadResult) -> Double) -> Double {
            heads.reduce(0) { $0 + value($1) * value($1) }.squareRoot()
          }
          let norm = root { $0.outputNorms[step] }
          let error = root { $0[.outputError, step] * $0.outputNorms[step] } / norm
          let place: Comment = "\(configuration.configuration.label), layer \(layer.layer), step \(step)"
          #expect(abs(layer.outputNorm(step) / norm - 1) < 1e-6, place)
          #expect(abs(layer.outputError(step) - error) < 1e-6 * max(1, error), place)
        }
      }
    }
  }

  /// Two heads of one query: what one adds the other takes away, or adds again.
  @Test(arguments: [Float(1), -1]) func whatHeadsCancelIsNoError(sign: Float) throws {
    let folder = try TemporaryFolder()
    var hand = HandTrace(
      prompt: 60, decode: 4, window: 0,
      geometry: .init(layers: 1, queryHeads: 2, kvHeads: 1, headDim: 16, valueDim: 16))
    hand.queries[0][1] = hand.queries[0][0]
    hand.projections = [(0..<16).map { row in (0..<32).map { $0 % 16 == row ? ($0 < 16 ? 1 : sign) : 0 } }]
    let found = try Self.run(hand.trace(in: folder), ["streaming-llm:sinks=4"])[0]
    let (head, layer) = (found.heads[0], found.layers[0])
    #expect(head.weightedOutputError > 0.1)
    if sign < 0 {
      #expect((0..<4).allSatisfy { layer.outputError($0) == 0 && layer.outputNorm($0) == 0 })
      #expect(layer.projectedOutputError.isNaN)
    } else {
      #expect(abs(layer.projectedOutputError - head.weightedOutputError) < 1e-6)
      #expect(abs(layer.outputNormSum / (2 * head.outputNormSum) - 1) < 1e-6)
    }
  }

  /// Where full attention's projected output alone is zero there is no error to weigh.
  @Test func aStepWithoutAnErrorDoesNotWeigh() {
    let layer = LayerResult(layer: 0, differenceNorms: [3, 1, 2], outputNorms: [0, 4, 4])
    #expect(layer.outputError(0).isNaN && layer.definedCount == 2)
    #expect(layer.projectedOutputError == 3.0 / 8 && layer.outputNormSum == 8)
  }

  /// Nothing else is another result for it, and it is the same bits whatever computes it.
  @Test func instructionSetAndThreadsDoNotMatter() throws {
    let folder = try TemporaryFolder()
    func write(_ name: String, projects: Bool) throws -> Trace {
      try SyntheticTrace(
        prompt: 263, decode: 30, window: 30,
        geometry: .init(layers: 3, queryHeads: 6, kvHeads: 2, headDim: 16, valueDim: 24),
        hasOutputProjection: projects, seed: 5
      ).write(to: folder.path(name))
      return try Trace(path: folder.path(name))
    }
    let (without, with) = (try write("a.zst", projects: false), try write("b.zst", projects: true))
    let policies = ["oracle", "random", "quest", "streaming-llm", "magicpig", "tova", "tidal"]
    let plain = try Self.run(without, policies)
    #expect(plain.allSatisfy { $0.layers.isEmpty })
    var bits: Set<[UInt64]> = []
    for set in InstructionSet.available {
      for threads in 1...3 {
        let found = try Self.run(with, policies, ReplayOptions(threads: threads, instructionSet: set))
        #expect(found.map(\.digest) == plain.map(\.digest))
        let layers = found.flatMap(\.layers)
        #expect(layers.count == 3 * policies.count)
        bits.insert(
          layers.flatMap { layer in
            (0..<30).flatMap { [layer.outputError($0).bitPattern, layer.outputNorm($0).bitPattern] }
          })
      }
    }
    #expect(bits.count == 1)
    // Steps are multiplied in blocks; where a block begins decides nothing.
    let whole = try Self.run(with, policies)
    let part = try Self.run(with, policies, ReplayOptions(steps: 3..<29))
    for (mine, theirs) in zip(whole.flatMap(\.layers), part.flatMap(\.layers)) {
      #expect((3..<29).map { mine.outputError($0) } == (0..<26).map { theirs.outputError($0) })
      #expect((3..<29).map { mine.outputNorm($0) } == (0..<26).map { theirs.outputNorm($0) })
    }
  }

  /// Without a head there is no whole layer; other layers have nothing to do with it.
  @Test func itIsOfWholeLayersAlone() throws {
    let folder = try TemporaryFolder()
    let trace = try HandTrace(prompt: 40, decode: 3).projected(to: 8).trace(in: folder)
    let policies = ["oracle", "tova"]
    let all = try Self.run(trace, policies)
    let some = try Self.run(trace, policies, ReplayOptions(heads: [0, 1, 2, 3, 4]))
    #expect(some.allSatisfy { $0.layers.isEmpty })
    // A head of each KV group: all are replayed, and not all reported.
    let one = try Self.run(trace, policies, ReplayOptions(heads: [0, 3]))
    #expect(one.allSatisfy { $0.layers.isEmpty })
    let second = try Self.run(trace, policies, ReplayOptions(layers: [1]))
    #expect(second.map(\.layers) == all.map { [$0.layers[1]] })
  }

  /// A product beyond 32-bit floats is undefined there, and nowhere else.
  @Test func whatOverflowsIsUndefined() throws {
    let folder = try TemporaryFolder()
    var hand = HandTrace(prompt: 40, decode: 3, window: 0).projected(to: 4)
    hand.projections[1][2] = Array(repeating: 3e38, count: 96)
    let found = try Self.run(hand.trace(in: folder, element: .f32), ["random"])[0]
    #expect(found.layers[0].definedCount == 3 && found.layers[0].projectedOutputError.isFinite)
    #expect(found.layers[1].definedCount == 0 && found.layers[1].projectedOutputError.isNaN)
  }
}
