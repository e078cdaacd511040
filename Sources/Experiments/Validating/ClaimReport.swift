import Foundation
import Hardware

/// Which machine and batch would give a speed-up that a paper states without naming them.
package struct ClaimReport: Encodable {
  let claim: String
  let stated: Double
  let points: [PublishedClaim.Point]

  private static let batches = [1.0, 2, 4, 8, 16, 32]

  package init(_ claim: PublishedClaim) throws {
    let machines = try HardwareLocator.machines().filter { $0.kind == .gpu }
    // The paper's kernels are Triton, after SparQ's.
    let sets = try ["triton", "fused"].map(HardwareLocator.kernels)
    self.claim = claim.text
    stated = claim.stated
    points = claim.points(machines, sets, batches: Self.batches)
  }

  private static let tolerance = 0.15

  private func gives(_ value: Double) -> Bool { abs(value / stated - 1) <= Self.tolerance }

  package var text: String {
    var table = TextTable(
      [(title: "machine", alignment: TextTable.Alignment.left), (title: "kernels", alignment: .left)]
        + Self.batches.map { (title: "batch \(Int($0))", alignment: .right) })
    var named: Set<String> = []
    for point in points where named.insert("\(point.machine) \(point.kernels)").inserted {
      let row = points.filter { $0.machine == point.machine && $0.kernels == point.kernels }
      table.add(
        [point.machine, point.kernels]
          + row.map {
            "\($0.fits ? "" : "!")\(NumberText.times($0.attention))\(gives($0.attention) ? " *" : "")"
          })
    }
    let whole = points.filter { $0.fits && gives($0.wholeModel) }.map {
      "\($0.machine)/\($0.kernels) at batch \(Int($0.batch))"
    }
    return [
      "\(claim): what the model gives, attention alone", "", table.text, "",
      "* within \(NumberText.percent(Self.tolerance)) of the stated figure, what 90 % of predictions of the triton kernels lie within",
      "! weights and a cache kept by query head, as the released code keeps it, do not fit the machine",
      "a step of the whole model, weights read too, gives it on: \(whole.isEmpty ? "no machine that holds it" : whole.joined(separator: ", "))",
    ].joined(separator: "\n")
  }
}
