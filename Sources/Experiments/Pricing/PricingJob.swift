import Attention
import Foundation
import Policies
import Pricing
import Results
import Simulator
import Traces

/// Prices stored configurations on machines, at contexts and batch sizes, and keeps the times.
public struct PricingJob {
  public let shapes: [StoredShape]
  public let machines: [PricedMachine]
  /// Nil for the geometry of each trace.
  public let model: ModelShape?
  /// Empty for each trace's own mean context.
  public let contexts: [Int]
  public let batches: [Int]
  public let reading: Reading

  /// - Parameters:
  ///   - model: whose attention is priced; nil for that of each trace.
  ///   - contexts: tokens that a query sees; empty for each trace's own mean context.
  ///   - batches: sequences that decode together.
  ///   - reading: how the query heads of a KV head read.
  public init(
    shapes: [StoredShape], machines: [PricedMachine], model: ModelShape? = nil, contexts: [Int] = [],
    batches: [Int] = [1], reading: Reading = .groupUnion
  ) {
    self.shapes = shapes
    self.machines = machines
    self.model = model
    self.contexts = contexts
    self.batches = batches
    self.reading = reading
  }

  /// A configuration on a machine, at a context and batch size.
  public struct Point {
    public let stored: StoredShape
    public let row: ModelledRow
    /// How many sequences' caches the machine holds; nil where no model is named.
    public let residency: Residency?
    /// Of the whole model over dense attention's; nil where its weights are not known.
    public let wholeSpeedUp: Double?
    public let tokensPerSecond: Double?

    public var step: PricedStep { row.step }
    public var fits: Bool? { residency.map { Double($0.largestBatch) >= row.step.batch } }
  }

  /// Times that are computed at once at most.
  public static let mostPoints = 500_000

  /// - Throws: `PricingError` where a model's window keeps it from seeing so many tokens, or where there is more to price
  ///   than ``mostPoints``.
  public func run() throws -> [Point] {
    let counts = [shapes.count, machines.count, max(1, contexts.count), batches.count]
    guard let size = GridSize.product(counts), size <= Self.mostPoints else {
      let names = ["configurations", "machines", "contexts", "batch sizes"]
      let factors = zip(counts, names).map { "\($0) \($1)" }.joined(separator: " × ")
      throw PricingError(
        "modelled times", expected: "at most \(Self.mostPoints)", found: factors,
        advice: "take fewer of them")
    }
    for stored in shapes {
      guard let window = stored.slidingWindow, let longest = contexts.max(), longest > window else {
        continue
      }
      throw PricingError(
        "'\(stored.traceTitle)'",
        expected:
          "contexts up to \(window), since \(stored.modelName) attends to a sliding window of so many tokens",
        found: "\(longest)", advice: "take shorter contexts, or leave this trace's policies out")
    }
    return points()
  }

  private func points() -> [Point] {
    shapes.flatMap { stored in
      machines.flatMap { machine in
        geometries(stored).flatMap { geometry in
          batches.map { point(stored, machine, geometry, batch: Double($0)) }
        }
      }
    }
  }

  func geometry(_ stored: StoredShape, context: Int) -> PricedGeometry {
    guard let model else {
      var own = stored.geometry
      own.context = Double(context)
      return own
    }
    let shape = model.geometry
    return PricedGeometry(
      layers: Double(shape.layers), queryHeads: Double(shape.queryHeads), kvHeads: Double(shape.kvHeads),
      headDim: Double(shape.headDim), elementBytes: 2, context: Double(context))
  }

  private func geometries(_ stored: StoredShape) -> [PricedGeometry] {
    guard contexts.isEmpty else { return contexts.map { geometry(stored, context: $0) } }
    guard model != nil else { return [stored.geometry] }
    return [geometry(stored, context: Int(saturating: stored.geometry.context.rounded()))]
  }

  private func point(
    _ stored: StoredShape, _ machine: PricedMachine, _ geometry: PricedGeometry, batch: Double
  ) -> Point {
    let step = machine.price(
      stored.shape, dense: stored.dense, geometry: geometry, batch: batch, reading: reading)
    let row = ModelledRow(
      configuration: stored.configuration, machine: machine, geometryName: model?.rawValue ?? "own",
      step: step,
      isExtrapolated: !machine.isFittedHere || geometry != stored.geometry)
    guard let model else {
      return Point(stored: stored, row: row, residency: nil, wholeSpeedUp: nil, tokensPerSecond: nil)
    }
    let whole = WholeModel(model)
    func nanoseconds(_ attention: StepTime) -> Double {
      whole.stepNanoseconds(attention: attention, machine.machine, machine.kernels, batch: batch)
    }
    let device = stored.shape.residentBytes(geometry)
    let unified = machine.machine.hostLink == nil
    return Point(
      stored: stored, row: row,
      residency: Residency(
        capacityBytes: machine.machine.memory.capacityBytes, weightBytes: model.parameters * 2,
        cacheBytes: device.device + (unified ? device.host : 0)),
      wholeSpeedUp: nanoseconds(step.dense) / nanoseconds(step.policy),
      tokensPerSecond: batch * 1e9 / nanoseconds(step.policy))
  }
}
