import Simulator
import Testing

@Suite struct NonDominatedTests {
  /// Coordinates on a coarse lattice, so that ties in one and in both are common.
  static func points(_ count: Int, seed: UInt64, lattice: Int) -> [TradeOff] {
    var random = SeededRandom(seed)
    return (0..<count).map { _ in
      TradeOff(loss: Double(random.below(lattice)), cost: Double(random.below(lattice)))
    }
  }

  /// By the definition: peel off what nothing left dominates.
  static func naiveRanks(_ points: [TradeOff]) -> [Int] {
    var ranks = Array(repeating: -1, count: points.count)
    var rank = 0
    while ranks.contains(-1) {
      let left = points.indices.filter { ranks[$0] == -1 }
      for index in left where !left.contains(where: { points[$0].dominates(points[index]) }) {
        ranks[index] = rank
      }
      rank += 1
    }
    return ranks
  }

  @Test(arguments: [(1, 5), (2, 2), (40, 4), (200, 12), (200, 1000), (120, 1)])
  func ranksAreThoseOfTheDefinition(count: Int, lattice: Int) {
    for seed in 0..<20 {
      let points = Self.points(count, seed: UInt64(seed), lattice: lattice)
      #expect(NonDominated.ranks(points) == Self.naiveRanks(points))
    }
  }

  @Test func theFrontIsWhatNothingDominates() {
    let points = Self.points(300, seed: 3, lattice: 40)
    let front = NonDominated.front(points)
    for index in points.indices {
      let isDominated = points.contains { $0.dominates(points[index]) }
      #expect(isDominated != front.contains { points[$0] == points[index] })
    }
    #expect(zip(front, front.dropFirst()).allSatisfy { points[$0].loss < points[$1].loss })
  }

  @Test func crowdingIsTheNeighboursDistance() {
    let points = [(0.0, 10.0), (1, 6), (3, 3), (10, 0)].map { TradeOff(loss: $0.0, cost: $0.1) }
    let crowding = NonDominated.crowding(points, ranks: [0, 0, 0, 0])
    #expect(crowding == [.infinity, 0.3 + 0.7, 0.9 + 0.6, .infinity])
    // One rank: the ends first, then the lonelier.
    #expect(NonDominated.order(points) == [0, 3, 2, 1])
  }

  @Test func theHypervolumeIsTheDominatedArea() {
    let points = [(0.5, 0.5), (0.25, 0.75), (0.6, 0.6)].map { TradeOff(loss: $0.0, cost: $0.1) }
    #expect(NonDominated.hypervolume(points, loss: 1, cost: 1) == 0.75 * 0.25 + 0.5 * 0.25)
    #expect(NonDominated.hypervolume([TradeOff(loss: 2, cost: 0.1)], loss: 1, cost: 1) == 0)
    #expect(NonDominated.hypervolume([TradeOff(loss: 1, cost: 2)], loss: 4, cost: 8) == 0.75 * 0.75)
  }
}
