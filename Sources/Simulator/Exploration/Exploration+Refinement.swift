extension Exploration {
  /// Up to `room` candidates that were not tried: half of them bisect budgets at the target, the others are neighbours
  /// of the front, those nearest to the target first.
  func proposals(_ result: Result, without seen: Set<Candidate>, room: Int) -> [Candidate] {
    var known = seen
    var budgets: [Space.Family: [Double]] = [:]
    for (family, budget) in result.trials.compactMap({ space.family(of: $0.candidate) }) {
      budgets[family, default: []].append(budget)
    }
    // Budgets as near as this to a known one would tell nothing new.
    func isNew(_ candidate: Candidate) -> Bool {
      guard known.insert(candidate).inserted else { return false }
      guard let (family, budget) = space.family(of: candidate) else { return true }
      if (budgets[family] ?? []).contains(where: { max($0, budget) < min($0, budget) * Self.nearness }) {
        return false
      }
      budgets[family, default: []].append(budget)
      return true
    }
    var chosen: [Candidate] = []
    for candidate in bisections(result) where chosen.count < (room + 1) / 2 && isNew(candidate) {
      chosen.append(candidate)
    }
    let front = result.front
    let centre = front.firstIndex { $0 == result.cheapest } ?? 0
    let members = front.indices.sorted { (abs($0 - centre), $0) < (abs($1 - centre), $1) }
    // By turns, so that one member's many parameters do not take all the room.
    var queues = members.map { space.neighbours(of: result.trials[front[$0]].candidate)[...] }
    while chosen.count < room, queues.contains(where: { !$0.isEmpty }) {
      for index in queues.indices where chosen.count < room {
        while let next = queues[index].popFirst() {
          guard isNew(next) else { continue }
          chosen.append(next)
          break
        }
      }
    }
    return chosen
  }

  /// Budgets between the nearest that misses the target and the nearest that meets it, of every family that may still be the
  /// cheapest: one whose failing budget costs less than the best so far, since what meets the target costs more.
  private func bisections(_ result: Result) -> [Candidate] {
    let best = result.cheapest.map { result.trials[$0].tradeOff.cost } ?? .infinity
    var order: [Space.Family] = []
    var members: [Space.Family: [(budget: Double, tradeOff: TradeOff)]] = [:]
    for trial in result.trials {
      guard let (family, budget) = space.family(of: trial.candidate) else { continue }
      if members[family] == nil { order.append(family) }
      members[family, default: []].append((budget, trial.tradeOff))
    }
    var found: [(candidate: Candidate, cost: Double, violation: Double)] = []
    for family in order {
      let small = settings.meetsAtSmallBudgets
      // From where the target is missed to where it is met.
      let points = (members[family] ?? []).sorted { small ? $0.budget > $1.budget : $0.budget < $1.budget }
      let high = points.first { $0.tradeOff.meetsTarget }
      let low = points.last { point in
        !point.tradeOff.meetsTarget
          && high.map { small ? point.budget > $0.budget : point.budget < $0.budget } ?? true
      }
      if let low, low.tradeOff.cost >= best { continue }
      let budget: Double
      switch (low, high) {
      case (let low?, let high?):
        guard max(low.budget, high.budget) > min(low.budget, high.budget) * Self.precision else { continue }
        budget = (low.budget * high.budget).squareRoot()
      case (nil, let high?):
        guard let next = halved(high.budget, orDoubled: small) else { continue }
        budget = next
      case (let low?, nil):
        guard let next = halved(low.budget, orDoubled: !small) else { continue }
        budget = next
      case (nil, nil): continue
      }
      found.append(
        (
          space.candidate(of: family, budget: budget), high?.tradeOff.cost ?? .infinity,
          low?.tradeOff.violation ?? 0
        ))
    }
    return found.enumerated().sorted {
      ($0.element.cost, $0.element.violation, $0.offset) < ($1.element.cost, $1.element.violation, $1.offset)
    }.map(\.element.candidate)
  }

  /// Within the space; nil at its end.
  private func halved(_ budget: Double, orDoubled isDoubled: Bool) -> Double? {
    let next =
      isDoubled ? min(budget * 2, space.budgets.upperBound) : max(budget / 2, space.budgets.lowerBound)
    return next == budget ? nil : next
  }

  /// Budgets whose ratio is below this are not bisected further.
  private static var precision: Double { 1.03 }
  /// Budgets whose ratio is below this are as good as one; bisection stays above it.
  private static var nearness: Double { 1.01 }
}
