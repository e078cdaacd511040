import Foundation
import Pricing

/// Which machine and batch would give a speed-up that a paper states without naming them.
struct ClaimReport: Encodable {
  let claim: String
  let stated: Double
  let points: [PublishedClaim.Point]

  private static let batches = [1.0, 2, 4, 8, 16, 32]
  /// Which of them a narrow table leaves out first.
  private static let drops: [Int?] = [nil, 1, 3, nil, 2, nil]

  init(_ claim: PublishedClaim) throws {
    let machines = try HardwareLocator.machines().filter { $0.kind == .gpu && $0.kernelSet == nil }
    // The paper's kernels are Triton, after SparQ's.
    let sets = try ["triton", PricedMachine.defaultKernels].map(HardwareLocator.kernels)
    self.claim = claim.text
    stated = claim.stated
    points = claim.points(machines, sets, batches: Self.batches)
  }

  private static let tolerance = 0.15

  private func cell(_ point: PublishedClaim.Point) -> String {
    "\(point.fits ? "" : "!")\(NumberText.times(point.attention))\(gives(point.attention) ? " *" : "")"
  }

  private func gives(_ value: Double) -> Bool { abs(value / stated - 1) <= Self.tolerance }

  var blocks: [Document.Block] {
    var named: Set<String> = []
    let lines = points.filter { named.insert("\($0.machine) \($0.kernels)").inserted }
    let columns: [Column<PublishedClaim.Point>] = [
      .left("machine") { $0.machine }, .left("kernels") { $0.kernels },
    ]
    let table = TextTable(
      lines,
      columns
        + zip(Self.batches, Self.drops).map { batch, drop in
          .right("batch \(Int(batch))", drop: drop) { line in
            points.first { $0.machine == line.machine && $0.kernels == line.kernels && $0.batch == batch }
              .map(cell) ?? "–"
          }
        })
    let whole = points.filter { $0.fits && gives($0.wholeModel) }.map {
      "\($0.machine)/\($0.kernels) at batch \(Int($0.batch))"
    }
    return [
      .heading("\(claim): what the model gives, attention alone"), .table(table),
      .lines([
        "* within \(NumberText.percent(Self.tolerance)) of the stated figure, what 90 % of predictions of the triton kernels lie within",
        "! weights and a cache kept by query head, as the released code keeps it, do not fit the machine",
        "a step of the whole model, weights read too, gives it on: \(whole.isEmpty ? "no machine that holds it" : whole.joined(separator: ", "))",
      ]),
    ]
  }
}
