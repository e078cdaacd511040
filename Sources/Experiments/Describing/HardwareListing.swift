import Pricing

/// The bundled machines and kernel sets.
package struct HardwareListing {
  private let machines: [HardwareDescription]
  private let sets: [KernelSet]

  /// - Throws: `PricingError` where one of their files is wrong.
  package init() throws {
    machines = try HardwareLocator.machines()
    sets = try HardwareLocator.names(folder: "kernels").map(HardwareLocator.kernels)
  }

  package struct JSON: Encodable {
    let machines: [Machine]
    let kernels: [Kernels]

    struct Machine: Encodable {
      let name: String
      let title: String
      let kind: String
      let bandwidthBytesPerSecond: Double
      let capacityBytes: Double
      let peakOperationsPerSecond: [String: Double]
      let kernels: String?
    }

    struct Kernels: Encodable {
      let name: String
      let title: String
      let fittedTo: String?
      let heldOut: ModelError?
      let otherMachine: ModelError?
    }
  }

  package var json: JSON {
    JSON(
      machines: machines.map {
        .init(
          name: $0.name, title: $0.title, kind: $0.kind.rawValue,
          bandwidthBytesPerSecond: $0.memory.bandwidthBytesPerSecond,
          capacityBytes: $0.memory.capacityBytes, peakOperationsPerSecond: $0.peakOperationsPerSecond,
          kernels: $0.kernels?.name)
      },
      kernels: sets.map {
        .init(
          name: $0.name, title: $0.title, fittedTo: $0.calibration?.machine,
          heldOut: $0.calibration?.heldOut, otherMachine: $0.calibration?.otherMachine)
      })
  }

  package var text: String { [Self.table(machines), Self.table(sets)].joined(separator: "\n\n") }

  private static func table(_ machines: [HardwareDescription]) -> String {
    TextTable(
      machines,
      [
        .left("machine") { $0.name },
        .left("") { $0.title },
        .right("GB/s") { NumberText.decimal($0.memory.bandwidthBytesPerSecond / 1e9, places: 0) },
        .right("GB") { NumberText.decimal($0.memory.capacityBytes / 1e9, places: 0) },
        .right("TFLOP/s") { NumberText.decimal($0.peakOperations / 1e12, places: 1) },
        .right("link GB/s") {
          NumberText.decimal($0.hostLink.map { $0.bandwidthBytesPerSecond / 1e9 }, places: 0)
        },
      ]
    ).text
  }

  private static func table(_ sets: [KernelSet]) -> String {
    TextTable(
      sets,
      [
        .left("kernels") { $0.name },
        .left("") { $0.title },
        .left("fitted to") { $0.calibration?.machine ?? "assumed" },
        .right("held out") { within($0.calibration?.heldOut) },
        .right("other machine") { within($0.calibration?.otherMachine) },
      ]
    ).text
  }

  private static func within(_ error: ModelError?) -> String {
    error.map { "±\(NumberText.percent($0.median))" } ?? "unknown"
  }
}
