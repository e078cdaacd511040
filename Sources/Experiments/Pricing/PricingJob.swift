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
  public let deployment: Deployment
  /// Empty for each trace's own mean context.
  public let contexts: [Int]
  public let batches: [Int]
  public let reading: Reading
  /// Configurations that cannot be priced for the model.
  public let leftOut: [StoredShape]

  /// - Parameters:
  ///   - model: whose attention is priced; nil for that of each trace.
  ///   - deployment: on how many of each machine, and in how many bits.
  ///   - contexts: tokens that a query sees; empty for each trace's own mean context.
  ///   - batches: sequences that decode together.
  ///   - reading: how the query heads of a KV head read.
  public init(
    shapes: [StoredShape], machines: [PricedMachine], model: ModelShape? = nil,
    deployment: Deployment = Deployment(), contexts: [Int] = [], batches: [Int] = [1],
    reading: Reading = .groupUnion
  ) {
    let isPriced = { (stored: StoredShape) in model?.sharesValues != true || stored.shape.isOfWholeRows }
    self.shapes = shapes.filter(isPriced)
    leftOut = shapes.filter { !isPriced($0) }
    self.machines = machines
    self.model = model
    self.deployment = deployment
    self.contexts = contexts
    self.batches = batches
    self.reading = reading
  }

  /// Times that are computed at once at most.
  public static let mostPoints = 500_000

  /// - Throws: `PricingError` where a model's window keeps it from seeing so many tokens, its heads cannot be shared by so
  ///   many devices, or there is more to price than ``mostPoints``.
  public func run() throws -> [Point] {
    let counts = [shapes.count, machines.count, max(1, contexts.count), batches.count]
    guard let size = GridSize.product(counts), size <= Self.mostPoints else {
      let names = ["configurations", "machines with their kernels", "contexts", "batch sizes"]
      let factors = zip(counts, names).map { "\($0) \($1)" }.joined(separator: " × ")
      throw PricingError(
        "modelled times", expected: "at most \(Self.mostPoints)", found: factors,
        advice: "take fewer of them")
    }
    guard !shapes.isEmpty || leftOut.isEmpty else {
      throw PricingError(
        model?.name ?? "", expected: "policies whose heads choose whole rows together",
        found: leftOut.map(\.label).joined(separator: ", "),
        advice: "its heads share one row for each token: see hardware/models.md")
    }
    for stored in shapes {
      try checkWindow(stored)
      try checkShards(stored)
    }
    return shapes.flatMap { stored in
      machines.flatMap { machine in
        geometries(stored).flatMap { geometry in
          batches.map { PointPricing(job: self, stored, machine, geometry, batch: Double($0)).point }
        }
      }
    }
  }

  private func checkWindow(_ stored: StoredShape) throws {
    guard let longest = contexts.max() else { return }
    if let window = model?.windowOfAll, longest > window {
      throw PricingError(
        model?.name ?? "",
        expected: "contexts up to \(window), since each of its layers attends to a window of so many tokens",
        found: "\(longest)", advice: "take shorter contexts")
    }
    if let window = stored.slidingWindow, longest > window {
      throw PricingError(
        "'\(stored.traceTitle)'",
        expected:
          "contexts up to \(window), since \(stored.modelName) attends to a sliding window of so many tokens in every layer that was replayed",
        found: "\(longest)", advice: "take shorter contexts, or leave this trace's policies out")
    }
  }

  private func checkShards(_ stored: StoredShape) throws {
    let geometry = geometry(stored, context: nil)
    let (heads, kvHeads, shards) = (Int(geometry.queryHeads), Int(geometry.kvHeads), deployment.shards)
    let isEven = heads % shards == 0 && (kvHeads % shards == 0 || shards % kvHeads == 0)
    guard isEven else {
      throw PricingError(
        model?.name ?? stored.modelName,
        expected: "devices that share \(heads) query heads and \(kvHeads) KV heads evenly",
        found: "\(shards)",
        advice: "take a number that divides them, or data parallelism")
    }
    // Where sums over devices were not measured, they would be free.
    guard shards > 1, let machine = machines.first(where: { $0.hasNoReductions }) else { return }
    throw PricingError(
      machine.name, expected: "kernels whose sums over devices were measured", found: "none",
      advice: "take data parallelism, or another kernel set")
  }

  private func geometries(_ stored: StoredShape) -> [PricedGeometry] {
    let own = Int(saturating: stored.geometry.context.rounded())
    guard !contexts.isEmpty || model != nil else { return [geometry(stored, context: nil)] }
    return (contexts.isEmpty ? [own] : contexts).map { geometry(stored, context: Double($0)) }
  }

  private func geometry(_ stored: StoredShape, context: Double?) -> PricedGeometry {
    var geometry = stored.geometry
    if let shape = model?.geometry {
      geometry = PricedGeometry(
        layers: Double(shape.layers), queryHeads: Double(shape.queryHeads), kvHeads: Double(shape.kvHeads),
        headDim: Double(shape.headDim), valueDim: Double(shape.valueDim), elementBytes: 2,
        context: geometry.context, sharesValues: model?.sharesValues ?? false)
    }
    if let bits = deployment.cacheBits { geometry.elementBytes = Double(bits) / 8 }
    geometry.context = context ?? geometry.context
    return geometry
  }

  /// As results name it.
  var geometryName: String { (model?.name ?? "own") + deployment.suffix }
}
