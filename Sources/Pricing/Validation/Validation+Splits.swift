extension Validation {
  /// Lengths that are fitted, at most, when longer ones are predicted.
  public static let fittedTokens = 16_384.0

  /// The ways in which measurements are held out: longer lengths, a batch size, another machine.
  ///
  /// Fitted and predicted measurements never overlap. `knowsFixedCost`: whether one measurement of the other machine is
  /// used, for its fixed cost.
  public func outcomes(sparse: String?, dense: String, knowsFixedCost: Bool = true) -> [Outcome] {
    var result: [Outcome] = []
    let own = rows.filter { $0.kernel == sparse || $0.kernel == dense }
    for device in Set(own.map(\.device)).sorted() {
      let here = own.filter { $0.device == device }
      if here.contains(where: { $0.tokens > Self.fittedTokens }) {
        let split = Split(
          name: "\(name(device)): up to 16K, predict longer", fittedOn: name(device), predicted: name(device),
          fits: { $0.device == device && $0.tokens <= Self.fittedTokens },
          predicts: { $0.device == device && $0.tokens > Self.fittedTokens })
        if let outcome = run(split, sparse: sparse, dense: dense) { result.append(outcome) }
      }
      let batches = Set(here.map(\.batch)).sorted()
      let turns =
        batches.count < 2
        ? []
        : batches.compactMap { batch in
          run(
            Split(
              name: "\(name(device)): each batch left out in turn", fittedOn: name(device),
              predicted: name(device),
              fits: { $0.device == device && $0.batch != batch },
              predicts: { $0.device == device && $0.batch == batch }), sparse: sparse, dense: dense)
        }
      if let pooled = Outcome(pooling: turns) { result.append(pooled) }
    }
    return result + transfers(sparse: sparse, dense: dense, own, knowsFixedCost)
  }

  /// From the machine with most measurements to each other one of its kind.
  private func transfers(sparse: String?, dense: String, _ own: [Measurement], _ knowsFixedCost: Bool)
    -> [Outcome]
  {
    HardwareDescription.Kind.allCases.flatMap { kind -> [Outcome] in
      let ofKind = own.filter { fit.machines[$0.device]?.kind == kind }
      let counts = Dictionary(ofKind.map { ($0.device, 1) }, uniquingKeysWith: +)
      guard let most = counts.max(by: { ($0.value, $1.key) < ($1.value, $0.key) })?.key else { return [] }
      return counts.keys.sorted().filter { $0 != most }.compactMap { other in
        let split = Split(
          name: "\(name(most)), predict \(name(other))", fittedOn: name(most), predicted: name(other),
          fits: { $0.device == most },
          predicts: { $0.device == other })
        return run(split, sparse: sparse, dense: dense, scalesLaunches: knowsFixedCost)
      }
    }
  }

  private func name(_ device: String) -> String { fit.machines[device]?.name ?? device }
}
