import Simulator
import Testing

@Suite struct ExplorationTests {
  let space = Landscape()
  let target = 0.3

  func explore(_ trials: Int, seed: UInt64 = 0, rungs: Int = 3, target: Double = 0.3)
    -> Exploration<Landscape>.Result
  {
    Exploration(space, settings: .init(maxTrials: trials, rungs: rungs, seed: seed)).run { candidates, rung in
      let noise = [0.2, 0.1, 0][rung + 3 - rungs]
      return candidates.map { Landscape.tradeOff($0, noise: noise, target: target) }
    }
  }

  /// The least budget of the best method at its best setting: 0.02 / budget = target.
  @Test(arguments: 0..<8) func findsTheKnownOptimumWithFewerEvaluationsThanBruteForce(seed: Int) throws {
    let result = explore(300, seed: UInt64(seed))
    let cheapest = try #require(result.cheapest.map { result.trials[$0] })
    #expect(cheapest.candidate.method == Landscape.Method(name: 4, x: 1, y: 3))
    #expect(cheapest.tradeOff.cost >= 0.02 / target && cheapest.tradeOff.cost < 1.04 * 0.02 / target)
    #expect(result.tried <= 300)
    // What was judged on everything is what costs: a sixth of the grid.
    #expect(Double(result.evaluations[2]) < space.gridSize / 6)
  }

  /// The other way round: the least loss at a cost of at most 0.1 is that of the best method at its best setting there.
  @Test(arguments: 0..<8) func findsTheBestAtABoundedCost(seed: Int) throws {
    let most = 0.1
    let settings = Exploration<Landscape>.Settings(
      maxTrials: 300, seed: UInt64(seed), meetsAtSmallBudgets: true)
    let result = Exploration(space, settings: settings).run { candidates, rung in
      candidates.map {
        let found = Landscape.tradeOff($0, noise: [0.2, 0.1, 0][rung], target: target)
        return TradeOff(loss: found.cost, cost: found.loss, violation: max(0, found.cost / most - 1))
      }
    }
    let best = try #require(result.cheapest.map { result.trials[$0] })
    #expect(best.candidate.method == Landscape.Method(name: 4, x: 1, y: 3))
    #expect(best.tradeOff.loss <= most && best.tradeOff.loss > most / 1.04)
  }

  @Test func theFrontComesNearThatOfBruteForce() {
    let result = explore(300)
    let all = space.grid.map { Landscape.tradeOff($0, target: target) }
    let found = NonDominated.hypervolume(result.trials.map(\.tradeOff), loss: 2, cost: 1)
    #expect(found > 0.97 * NonDominated.hypervolume(all, loss: 2, cost: 1))
  }

  @Test func theSameSeedGivesTheSameSearchAndAnotherSeedAnother() {
    let (first, second, other) = (explore(120, seed: 7), explore(120, seed: 7), explore(120, seed: 8))
    #expect(first.trials.map(\.candidate) == second.trials.map(\.candidate))
    #expect(first.evaluations == second.evaluations)
    #expect(first.trials.map(\.candidate) != other.trials.map(\.candidate))
  }

  @Test func aTargetThatNothingMeetsHasANearestAndNoCheapest() throws {
    let result = explore(200, target: 0.0001)
    #expect(result.cheapest == nil)
    let nearest = try #require(result.nearest.map { result.trials[$0] })
    #expect(result.trials.allSatisfy { $0.tradeOff.violation >= nearest.tradeOff.violation })
    #expect(nearest.tradeOff.violation > 0)
    // Nothing has less loss than the most budget.
    #expect(nearest.candidate.budget > 0.85)
  }

  @Test func rungsKeepTheBestThirdAndThePlanIsKept() {
    let exploration = Exploration(space, settings: .init(maxTrials: 120))
    #expect(exploration.plannedEvaluations == [90, 30, 10 + 30])
    let result = explore(120)
    #expect(result.evaluations[0] == 90 && result.evaluations[1] == 30)
    #expect(result.tried <= 120 && result.evaluations[2] <= 40)
    #expect(Set(result.trials.map(\.candidate)).count == result.trials.count)
  }

  @Test func oneRungOverAllIsBruteForce() {
    let settings = Exploration<Landscape>.Settings(
      maxTrials: Int(space.gridSize), rungs: 1, refinementShare: 0)
    let result = Exploration(space, settings: settings).run { candidates, _ in
      candidates.map { Landscape.tradeOff($0, target: target) }
    }
    #expect(result.trials.map(\.candidate) == space.grid)
  }

  @Test func whatCannotBeJudgedIsLeftOut() {
    let result = Exploration(space, settings: .init(maxTrials: 90)).run { candidates, _ in
      candidates.map { candidate in
        if candidate.method.name == 4 { return nil }
        if candidate.method.name == 3 { return TradeOff(loss: .nan, cost: 1) }
        return Landscape.tradeOff(candidate, target: target)
      }
    }
    #expect(!result.trials.isEmpty)
    #expect(result.trials.allSatisfy { ![3, 4].contains($0.candidate.method.name) })
  }
}
