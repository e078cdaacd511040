import Attention
import Testing

@testable import Policies

@Suite struct FASATests {
  static let budgets: [Budget] = [.tokens(1), .tokens(6), .share(0.3)]

  @Test(arguments: RopePairing.allCases, [Int.max, 12])
  func choosesAsTheNaiveOne(layout: RopePairing, window: Int) throws {
    var trace = SmallTrace(heads: 3, positions: [0, 3, 9, 20, 21, 40], window: window, pairing: layout)
    var random = SeededRandom(3)
    for round in 0..<60 {
      let naive = NaiveFASA.any(&random)
      let slices: ContextualAgreement.Slices = naive.pairing == "rope" ? .rope : .adjacent
      let agreement = SmallTrace.agreement(layer: trace.layer, chunks: 4, slices: slices, pairing: layout)
      trace.agreement = agreement
      let nearest = naive.window == 100 ? 64 : 256
      let values = try #require(agreement.values[.init(layer: trace.layer, window: nearest)])
      let budget = Self.budgets[round % Self.budgets.count]
      for read in ChannelLayout.allCases {
        let answer = try trace.answer("\(naive),layout=\(read)", budget: budget)
        #expect(answer.tokens == naive.answer(trace, budget: budget, agreement: values), "\(naive)")
      }
    }
  }

  /// K 64 and 256 are calibrated, and 1,024 where a budget's own is not.
  @Test func theBudgetIsTheWindow() throws {
    var trace = SmallTrace(heads: 3, positions: [80, 90, 100])
    trace.agreement = SmallTrace.agreement(layer: trace.layer, chunks: 4, slices: .rope, pairing: .half)
    func tokens(_ window: String, _ budget: Budget) throws -> [[[Int]]] {
      try trace.answer("fasa:chunks=1,ca-window=\(window)", budget: budget).tokens
    }
    #expect(try tokens("budget", .tokens(64)) == tokens("64", .tokens(64)))
    #expect(try tokens("budget", .tokens(64)) != tokens("256", .tokens(64)))
    let error = PolicyError(
      "fasa: ca-window=budget",
      expected: "layer 3 calibrated at K = the budget, or else at K = 1024, which stands in for it",
      found: "K = 64, 256", advice: "calibrate at one of them too, or give ca-window a number")
    for budget in [Budget.tokens(63), .share(0.19)] {
      #expect(throws: error) { try tokens("budget", budget) }
    }
    var random = SeededRandom(5)
    let key = ContextualAgreement.Key(layer: trace.layer, window: 1024)
    trace.agreement?.values[key] = (0..<8).map { _ in
      (0..<4).map { _ in Double(random.below(9)) / 8 }
    }
    for budget in [Budget.tokens(63), .share(0.19)] {
      #expect(try tokens("budget", budget) == tokens("1024", budget))
      #expect(try tokens("budget", budget) != tokens("256", budget))
    }
    #expect(try tokens("budget", .tokens(64)) == tokens("64", .tokens(64)))
  }

  /// Tables of fewer heads or chunks than the model has are an error, never a trap.
  @Test func agreementOfAnotherShapeIsRefused() throws {
    var trace = SmallTrace(heads: 3, positions: [20])
    for (heads, chunks) in [(6, 4), (8, 3), (0, 4), (8, 5)] {
      trace.agreement = ContextualAgreement(
        slices: .rope, pairing: .half,
        values: [
          .init(layer: 3, window: 256): Array(repeating: Array(repeating: 0.5, count: chunks), count: heads)
        ])
      let error = try #require(throws: PolicyError.self) { try trace.answer("fasa:chunks=1") }
      #expect(error.place == "fasa: layer 3" && error.expected.hasPrefix("contextual agreement"))
    }
  }

  @Test(arguments: RopePairing.allCases, budgets)
  func everyChunkIsTheOracle(layout: RopePairing, budget: Budget) throws {
    for pairing in ["rope", "adjacent"] {
      // No calibration: every chunk needs no ranking.
      let trace = SmallTrace(heads: 2, positions: [0, 5, 20, 40], pairing: layout)
      for common in ["sinks=0", "sinks=2,recent=3"] {
        let oracle = try trace.answer("oracle:\(common)", budget: budget).tokens
        for chunks in ["4", "9", "100%"] {
          let text = "fasa:chunks=\(chunks),pairing=\(pairing),\(common)"
          #expect(try trace.answer(text, budget: budget).tokens == oracle)
        }
      }
    }
  }

  /// The same weights in the other layout: channel i and i + d/2 become 2i and 2i + 1.
  @Test(arguments: ["chunks=1", "chunks=2", "chunks=2,scope=group", "chunks=3,fc-scope=group", "adaptive=on"])
  func rotationPairsAreTheSameInBothLayouts(settings: String) throws {
    var half = SmallTrace(heads: 3, headDim: 16, positions: [5, 20, 40], pairing: .half)
    half.agreement = SmallTrace.agreement(layer: half.layer, chunks: 8, slices: .rope, pairing: .half)
    var interleaved = half
    interleaved.chunks = RopeChunks(pairing: .interleaved, rotaryDim: 16)
    let order = (0..<16).map { $0 / 2 + $0 % 2 * 8 }
    interleaved.keys = half.keys.map { row in order.map { row[$0] } }
    interleaved.queries = half.queries.map { $0.map { row in order.map { row[$0] } } }
    let expected = try half.answer("fasa:\(settings)").tokens
    #expect(try interleaved.answer("fasa:\(settings)").tokens == expected)
    // Neighbours are the rotation pairs of the interleaved layout.
    #expect(try interleaved.answer("fasa:pairing=adjacent,\(settings)").tokens == expected)
  }

  @Test func adjacentSlicesOfAHalfLayoutAreOtherChunks() throws {
    var trace = SmallTrace(positions: [40, 41, 42])
    trace.agreement = SmallTrace.agreement(layer: trace.layer, chunks: 4, slices: .rope, pairing: .half)
    let rope = try trace.answer("fasa:chunks=1").tokens
    trace.agreement = SmallTrace.agreement(layer: trace.layer, chunks: 4, slices: .adjacent, pairing: .half)
    #expect(try trace.answer("fasa:chunks=1,pairing=adjacent").tokens != rope)
  }

  @Test func groupScopeGivesEveryHeadOneSet() throws {
    var trace = SmallTrace(heads: 4, positions: [40, 41])
    trace.agreement = SmallTrace.agreement(layer: trace.layer, chunks: 4, slices: .rope, pairing: .half)
    #expect(try Set(trace.answer("fasa:chunks=2,scope=group").tokens).count == 1)
    #expect(try Set(trace.answer("fasa:chunks=2").tokens).count > 1)
  }

  @Test func withoutAgreementItSaysWhatToDo() throws {
    let error = PolicyError(
      "fasa: layer 3", expected: "contextual agreement with adjacent pairing on this trace's half layout",
      found: "none in the calibration", advice: "calibrate for it, or leave the layer out")
    var trace = SmallTrace(positions: [5])
    #expect(throws: error) { try trace.answer("fasa:pairing=adjacent") }
    trace.agreement = SmallTrace.agreement(layer: 3, chunks: 4, slices: .rope, pairing: .half)
    #expect(throws: error) { try trace.answer("fasa:pairing=adjacent") }
    trace.agreement = SmallTrace.agreement(layer: 2, chunks: 4, slices: .adjacent, pairing: .half)
    #expect(throws: error) { try trace.answer("fasa:pairing=adjacent") }
    // The number of chunks is the head's affair, so that all of them must be ranked too.
    #expect(throws: PolicyError.self) { try trace.answer("fasa:chunks=4,adaptive=on") }
  }
}
