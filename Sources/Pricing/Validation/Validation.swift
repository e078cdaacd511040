import Foundation

/// How well the model predicts measurements that its parameters did not see.
public struct Validation: Sendable {
  /// Which measurements are fitted and which predicted.
  public struct Split: Sendable {
    public let name: String
    /// The machines' names, as descriptions have them: the same one where a machine predicts itself.
    public let fittedOn: String
    public let predicted: String
    public let fits: @Sendable (Measurement) -> Bool
    public let predicts: @Sendable (Measurement) -> Bool
  }

  /// Of one implementation under one split.
  public struct Outcome: Sendable, Encodable {
    public let implementation: String
    public let split: String
    /// Names of the machine that was fitted, and of the one that was predicted.
    public let fittedOn: String
    public let predicted: String
    public let fitted: Int
    public let dense: ModelError?
    public let sparse: ModelError?
    /// Of sparse over dense.
    public let speedUp: ModelError?
    /// Cases whose measured speed-up lies outside 0.8 to 1.25, and in how many of them the prediction is on its side of 1.
    public let decided: Int
    public let sideRight: Int
    public let cases: [Case]
  }

  public struct Case: Sendable, Encodable {
    public let device: String
    public let kernel: String
    public let batch: Double
    public let tokens: Double
    public let rank: Double?
    public let topK: Double?
    public let predictedSeconds: Double
    public let measuredSeconds: Double
    public let predictedSpeedUp: Double?
    public let measuredSpeedUp: Double?
    public var relativeError: Double { predictedSeconds / measuredSeconds - 1 }

    /// Over dense attention; nil of dense attention itself.
    public var speedUps: (predicted: Double, measured: Double)? {
      predictedSpeedUp.flatMap { predicted in measuredSpeedUp.map { (predicted, $0) } }
    }
  }

  public let fit: KernelFit
  let rows: [Measurement]

  public init(_ table: MeasurementTable, machines: [HardwareDescription]) {
    self.init(rows: table.rows, machines: machines)
  }

  init(rows: [Measurement], machines: [HardwareDescription]) {
    let fit = KernelFit(machines: machines)
    self.fit = fit
    self.rows = rows.filter { fit.machines[$0.device] != nil }
  }

  public var devices: [String] { Array(Set(rows.map(\.device))).sorted() }

  /// Sparse kernels, each with the dense one that it is held against: that of the same name where there is one, else the
  /// one that is fastest most often among those launched the same way.
  public var pairs: [(sparse: String, dense: String)] {
    Set(rows.filter(\.isSparse).map(\.kernel)).sorted().compactMap { kernel in
      let name = kernel.replacing("sparq-", with: "").replacing("-oneK", with: "")
      if denseKernels.contains(name) { return (kernel, name) }
      return fastestDense(inGraphs: kernel.hasSuffix(Self.graph)).map { (kernel, $0) }
    }
  }

  /// Ends the names of kernels that are replayed from a graph, and not launched one by one.
  private static let graph = "-graph"

  public var denseKernels: [String] { Array(Set(rows.filter { !$0.isSparse }.map(\.kernel))).sorted() }

  private func fastestDense(inGraphs: Bool) -> String? {
    let dense = rows.filter { !$0.isSparse && $0.kernel.hasSuffix(Self.graph) == inGraphs }
    let shapes = Dictionary(grouping: dense) { "\($0.device) \($0.batch) \($0.tokens)" }
    let winners = shapes.values.compactMap { $0.min { $0.seconds < $1.seconds }?.kernel }
    let counts = Dictionary(winners.map { ($0, 1) }, uniquingKeysWith: +)
    return counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
  }

  /// The kernel set that all measurements of a machine fit best, named after its sparse kernel.
  public func fitted(sparse: String, dense: String, device: String) -> KernelSet {
    fit.fit(rows.filter { $0.device == device && ($0.kernel == sparse || $0.kernel == dense) })
  }

  /// Fits one part of two kernels' measurements and predicts another.
  ///
  /// - Parameter scalesLaunches: whether the machines that are predicted have their fixed cost taken from their fastest
  ///   sparse measurement, which is then not predicted.
  public func run(_ split: Split, sparse: String?, dense: String, scalesLaunches: Bool = false) -> Outcome? {
    let own = rows.filter { $0.kernel == sparse || $0.kernel == dense }
    let seen = own.filter(split.fits)
    var unseen = own.filter { split.predicts($0) && !split.fits($0) }
    guard !seen.isEmpty, !unseen.isEmpty else { return nil }
    let set = fit.fit(seen)
    var scale: [String: Double] = [:]
    if scalesLaunches {
      for device in Set(unseen.map(\.device)) {
        let fastest = unseen.filter { $0.device == device && $0.isSparse == (sparse != nil) }
          .min { $0.seconds < $1.seconds }
        guard let fastest else { continue }
        let launch = sparse == nil ? set.dense.launchNs : set.sparse.launchNs
        // Where the fixed cost is hidden behind the work it says nothing of the host.
        scale[device] = max(1, fastest.seconds * 1e9 / launch)
        if sparse == nil { scale[device] = 1 } else { unseen.removeAll { $0 == fastest } }
      }
    }
    func seconds(_ row: Measurement) -> Double { fit.seconds(set, row, launchScale: scale[row.device]) }
    let denseRows = own.filter { !$0.isSparse }
    let cases = unseen.map { row in
      let beside = denseRows.first {
        row.isSparse && $0.device == row.device && $0.batch == row.batch && $0.tokens == row.tokens
          && $0.heads == row.heads && $0.headDim == row.headDim
      }
      return Case(
        device: row.device, kernel: row.kernel, batch: row.batch, tokens: row.tokens, rank: row.rank,
        topK: row.topK, predictedSeconds: seconds(row), measuredSeconds: row.seconds,
        predictedSpeedUp: beside.map { seconds($0) / seconds(row) },
        measuredSpeedUp: beside.map { $0.seconds / row.seconds })
    }
    return Outcome(
      implementation: sparse ?? dense, split: split.name, fittedOn: split.fittedOn,
      predicted: split.predicted,
      fitted: seen.count, cases: cases)
  }
}

extension Validation.Outcome {
  init(
    implementation: String, split: String, fittedOn: String, predicted: String, fitted: Int,
    cases: [Validation.Case]
  ) {
    self.implementation = implementation
    self.split = split
    self.fittedOn = fittedOn
    self.predicted = predicted
    self.fitted = fitted
    self.cases = cases
    func error(_ pairs: [(predicted: Double, measured: Double)]) -> ModelError? {
      pairs.isEmpty ? nil : ModelError(pairs)
    }
    func times(_ cases: [Validation.Case]) -> [(predicted: Double, measured: Double)] {
      cases.map { ($0.predictedSeconds, $0.measuredSeconds) }
    }
    dense = error(times(cases.filter { $0.rank == nil }))
    sparse = error(times(cases.filter { $0.rank != nil }))
    let speedUps = cases.compactMap(\.speedUps)
    speedUp = error(speedUps)
    let isDecided = speedUps.filter { $0.measured < 0.8 || $0.measured > 1.25 }
    decided = isDecided.count
    sideRight = isDecided.count { ($0.predicted > 1) == ($0.measured > 1) }
  }

  /// The predictions of several outcomes of one kernel as one; nil of none.
  init?(pooling outcomes: [Self]) {
    guard let first = outcomes.first else { return nil }
    self.init(
      implementation: first.implementation, split: first.split, fittedOn: first.fittedOn,
      predicted: first.predicted, fitted: outcomes.map(\.fitted).max() ?? 0,
      cases: outcomes.flatMap(\.cases))
  }
}
