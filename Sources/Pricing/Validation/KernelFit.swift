import Foundation

/// Fits a kernel set to measurements of one implementation, dense and sparse, on described machines.
public struct KernelFit: Sendable {
  /// What parameters start from: any of the kinds of machine that was tried ends in the same place.
  static let start = KernelSet(
    name: "fit", title: "fit", launchesAhead: true, computeEfficiency: 1,
    dense: .init(launchNs: 1e5, kernel: .init(latencyNs: 3e4, streamEfficiency: 0.8)),
    sparse: .init(
      launchNs: 5e5, splitSelectLaunchNs: 1e5, latencyNs: 1e5, streamEfficiency: 0.8,
      gatherEfficiency: [.init(rowBytes: 256, efficiency: 0.5)], selectPasses: 10, serialNsPerToken: 5))

  public let machines: [String: HardwareDescription]

  /// - Parameter machines: by the name that measurements give them.
  public init(machines: [HardwareDescription]) {
    self.machines = Dictionary(machines.compactMap { machine in machine.device.map { ($0, machine) } }) {
      first, _ in
      first
    }
  }

  /// - Parameters:
  ///   - rows: measurements to fit; those of unknown machines are left out.
  ///   - launchScale: of each device, where it is not its description's.
  func fit(_ rows: [Measurement]) -> KernelSet {
    let known = rows.filter { machines[$0.device] != nil }
    var result = Self.start
    // A host that launches while the device works is a GPU's.
    result.launchesAhead = known.allSatisfy { machines[$0.device]?.kind == .gpu }
    let solver = LeastSquares()
    let dense = known.filter { !$0.isSparse }
    if !dense.isEmpty {
      let values = solver.fit(start: Self.denseValues(result)) { values in
        let set = Self.with(result, dense: values)
        return dense.map { log(seconds(set, $0) / $0.seconds) }
      }
      result = Self.with(result, dense: values)
    }
    let sparse = known.filter(\.isSparse)
    if !sparse.isEmpty {
      let values = solver.fit(start: Self.sparseValues(result)) { values in
        let set = Self.with(result, sparse: values)
        return sparse.map { log(seconds(set, $0) / $0.seconds) }
      }
      result = Self.with(result, sparse: values)
    }
    return result
  }

  /// Predicted seconds of a measurement's step.
  func seconds(_ set: KernelSet, _ row: Measurement, launchScale: Double? = nil) -> Double {
    guard var machine = machines[row.device] else { return .nan }
    if let launchScale { machine.launchScale = launchScale }
    return CostModel(machine: machine, kernels: set).time(row.load, batch: row.batch).nanoseconds * 1e-9
  }

  private static func denseValues(_ set: KernelSet) -> [Double] {
    [set.dense.launchNs, set.dense.kernel.latencyNs, set.dense.kernel.streamEfficiency]
  }

  private static func with(_ set: KernelSet, dense values: [Double]) -> KernelSet {
    var result = set
    result.dense = .init(
      launchNs: values[0], kernel: .init(latencyNs: values[1], streamEfficiency: values[2]))
    return result
  }

  private static func sparseValues(_ set: KernelSet) -> [Double] {
    let sparse = set.sparse
    return [
      sparse.launchNs, sparse.splitSelectLaunchNs, sparse.latencyNs, sparse.streamEfficiency,
      sparse.gatherEfficiency[0].efficiency, sparse.selectPasses, sparse.serialNsPerToken,
    ]
  }

  private static func with(_ set: KernelSet, sparse values: [Double]) -> KernelSet {
    var result = set
    result.sparse = .init(
      launchNs: values[0], splitSelectLaunchNs: values[1], latencyNs: values[2], streamEfficiency: values[3],
      gatherEfficiency: [.init(rowBytes: 256, efficiency: values[4])], selectPasses: values[5],
      serialNsPerToken: values[6])
    return result
  }
}
