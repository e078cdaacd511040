import Pricing
import Results

/// What configurations are held to, so that policies are compared by what they cost and not by how well they do.
public struct EqualQuality: Sendable {
  /// In words, as `output error at most 0.05`.
  let text: String
  /// Of each configuration that has one.
  private let losses: [ConfigurationID: Double]
  private let most: Double

  /// The mean output error of replays.
  public init(outputError most: Double, _ shapes: [StoredShape]) {
    text = "output error at most \(most)"
    self.most = most
    losses = Dictionary(
      shapes.compactMap { stored in stored.outputError.map { (stored.configuration, $0) } }
    ) { first, _ in first }
  }

  /// The Kullback–Leibler divergence of live runs from dense attention's answers, by label: the mean of those that are
  /// stored.
  ///
  /// - Throws: `PricingError` where no live run of these configurations is stored.
  public init(divergence most: Double, _ shapes: [StoredShape], in store: ResultsStore) throws {
    let byLabel = try store.meanDivergences()
    text = "KL at most \(most) in live runs"
    self.most = most
    losses = Dictionary(
      shapes.compactMap { stored in byLabel[stored.label].map { (stored.configuration, $0) } }
    ) { first, _ in first }
    guard !losses.isEmpty else {
      throw PricingError(
        "live runs", expected: "some of the configurations that are priced",
        found: byLabel.isEmpty ? "none stored" : byLabel.keys.sorted().joined(separator: ", "),
        advice: "store a live run of them in the same database: see docs/live.md")
    }
  }

  func isMet(_ stored: StoredShape) -> Bool { losses[stored.configuration].map { $0 <= most } ?? false }

  /// Of each policy's configurations that meet it the fastest, on each machine and at each context and batch size; kernels
  /// of before are told of the same ones.
  func cheapest(_ points: [PricingJob.Point]) -> [PricingJob.Point] {
    let machines = points.map(\.row.machine).filter { !$0.isEarlier }
    let asked = Dictionary(machines.map { ($0.machine.name, $0.name) }) { first, _ in first }
    var best: [Place: PricingJob.Point] = [:]
    for point in points where !point.row.machine.isEarlier && isMet(point.stored) {
      let place = Place(point, asked)
      if let other = best[place], !isBetter(point, than: other) { continue }
      best[place] = point
    }
    return points.filter { best[Place($0, asked)]?.stored.configuration == $0.stored.configuration }
  }

  /// What fits before what does not, and then the faster.
  private func isBetter(_ point: PricingJob.Point, than other: PricingJob.Point) -> Bool {
    let (fits, otherFits) = (point.fits ?? true, other.fits ?? true)
    return fits == otherFits ? point.step.policy.nanoseconds < other.step.policy.nanoseconds : fits
  }

  /// Policies of which no configuration meets it, with the least loss that was measured of them.
  func missed(_ shapes: [StoredShape]) -> [(policy: String, least: Double?)] {
    var seen: Set<String> = []
    return shapes.filter { seen.insert($0.policy).inserted }.compactMap { first in
      let own = shapes.filter { $0.policy == first.policy }
      guard !own.contains(where: isMet) else { return nil }
      return (first.policy, own.compactMap { losses[$0.configuration] }.min())
    }
  }

  private struct Place: Hashable {
    let policy: String
    let trace: String
    let machine: String
    let context: Double
    let batch: Double

    /// - Parameter asked: the machines with the kernels that were asked for, by the machines' names.
    init(_ point: PricingJob.Point, _ asked: [String: String]) {
      policy = point.stored.policy
      trace = point.stored.traceTitle
      let own = point.row.machine
      machine = own.isEarlier ? asked[own.machine.name] ?? own.name : own.name
      context = point.step.geometry.context
      batch = point.step.batch
    }
  }
}
