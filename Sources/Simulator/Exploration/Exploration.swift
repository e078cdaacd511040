/// Finds the cheapest candidates that meet a quality target, and the front of quality against cost, without trying all.
///
/// Successive halving (Jamieson and Talwalkar 2016, arXiv 1502.07943): many candidates are judged on a small part of the
/// work, the best third on three times as much, and so on. Who is best is NSGA-II's order, by non-dominated rank and
/// crowding (Deb et al. 2002, doi:10.1109/4235.996017). Then a refinement on all the work: budgets are bisected where
/// the target is crossed, and the front's neighbours are tried. The same space and settings give the same search.
public struct Exploration<Space: SearchSpace> {
  public typealias Candidate = Space.Candidate

  public struct Settings: Sendable {
    /// Distinct candidates in all.
    public var maxTrials: Int
    /// Rungs; the last is all the work.
    public var rungs: Int
    /// A rung keeps one in so many.
    public var keepOneIn: Int
    /// Of the trials, kept for the refinement.
    public var refinementShare: Double
    public var seed: UInt64
    /// Whether small budgets meet the target and large ones miss it, as where a cost is bounded; else it is the other way
    /// round.
    public var meetsAtSmallBudgets: Bool

    public init(
      maxTrials: Int, rungs: Int = 3, keepOneIn: Int = 3, refinementShare: Double = 0.25, seed: UInt64 = 0,
      meetsAtSmallBudgets: Bool = false
    ) {
      self.maxTrials = maxTrials
      self.rungs = rungs
      self.keepOneIn = keepOneIn
      self.refinementShare = refinementShare
      self.seed = seed
      self.meetsAtSmallBudgets = meetsAtSmallBudgets
    }
  }

  public struct Result {
    /// Judged on all the work, in the order in which they were tried.
    public internal(set) var trials: [(candidate: Candidate, tradeOff: TradeOff)] = []
    /// Candidates judged on each rung, the refinement's in the last.
    public internal(set) var evaluations: [Int]
    /// Distinct candidates that were judged at all.
    public internal(set) var tried = 0

    public var front: [Int] { NonDominated.front(trials.map(\.tradeOff)) }
    /// The cheapest that meets the target; the better one of equals.
    public var cheapest: Int? {
      trials.indices.filter { trials[$0].tradeOff.meetsTarget }.min {
        (trials[$0].tradeOff.cost, trials[$0].tradeOff.loss, $0)
          < (trials[$1].tradeOff.cost, trials[$1].tradeOff.loss, $1)
      }
    }
    /// The one that misses the target least.
    public var nearest: Int? {
      trials.indices.min {
        (trials[$0].tradeOff.violation, trials[$0].tradeOff.cost, $0)
          < (trials[$1].tradeOff.violation, trials[$1].tradeOff.cost, $1)
      }
    }
  }

  let space: Space
  let settings: Settings

  public init(_ space: Space, settings: Settings) {
    self.space = space
    self.settings = settings
  }

  /// Candidates that each rung will judge, refinement included: the work ahead.
  public var plannedEvaluations: [Int] {
    var counts = [firstCount]
    while counts.count < settings.rungs { counts.append(promoted(counts[counts.count - 1])) }
    counts[counts.count - 1] += settings.maxTrials - firstCount
    return counts
  }

  /// - Parameter evaluate: judges candidates on a rung, counted from 0; nil for one that cannot be judged.
  public func run(_ evaluate: (_ candidates: [Candidate], _ rung: Int) throws -> [TradeOff?]) rethrows
    -> Result
  {
    var result = Result(evaluations: Array(repeating: 0, count: settings.rungs))
    var left = space.initial(firstCount, seed: settings.seed)
    var seen = Set(left)
    result.tried = left.count
    for rung in 0..<settings.rungs where !left.isEmpty {
      let judged = try judge(left, rung, evaluate, &result)
      if rung == settings.rungs - 1 {
        result.trials = judged
      } else {
        left = best(judged, promoted(left.count))
      }
    }
    while result.tried < settings.maxTrials {
      let room = min(
        settings.maxTrials - result.tried, max(4, (settings.maxTrials - firstCount) / Self.refinementRounds))
      let proposals = proposals(result, without: seen, room: room)
      if proposals.isEmpty { break }
      seen.formUnion(proposals)
      result.tried += proposals.count
      result.trials += try judge(proposals, settings.rungs - 1, evaluate, &result)
    }
    return result
  }

  /// Enough for a bisection from a factor of two to a few per cent, beside each other many families at once.
  private static var refinementRounds: Int { 8 }

  private var firstCount: Int {
    max(1, settings.maxTrials - Int(Double(settings.maxTrials) * settings.refinementShare))
  }

  private func promoted(_ count: Int) -> Int {
    max(min(count, Self.fewestPromoted), (count + settings.keepOneIn - 1) / settings.keepOneIn)
  }
  private static var fewestPromoted: Int { 8 }

  /// NSGA-II's order, after the one that all is about: the cheapest that meets the target, else the nearest to it.
  private func best(_ judged: [(candidate: Candidate, tradeOff: TradeOff)], _ count: Int) -> [Candidate] {
    let order = NonDominated.order(judged.map(\.tradeOff))
    let aim = judged.indices.min {
      (judged[$0].tradeOff.violation, judged[$0].tradeOff.cost, $0)
        < (judged[$1].tradeOff.violation, judged[$1].tradeOff.cost, $1)
    }
    return ([aim].compactMap(\.self) + order.filter { $0 != aim }).prefix(count).map { judged[$0].candidate }
  }

  private func judge(
    _ candidates: [Candidate], _ rung: Int, _ evaluate: ([Candidate], Int) throws -> [TradeOff?],
    _ result: inout Result
  ) rethrows -> [(candidate: Candidate, tradeOff: TradeOff)] {
    result.evaluations[rung] += candidates.count
    return zip(candidates, try evaluate(candidates, rung)).compactMap { candidate, tradeOff in
      // What is undefined is not compared.
      tradeOff.flatMap { $0.loss.isFinite && $0.cost.isFinite ? (candidate, $0) : nil }
    }
  }
}
