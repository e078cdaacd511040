import Hardware

/// The bundled machines and kernel sets.
package struct HardwareListing {
  private let machines: [HardwareDescription]
  private let sets: [KernelSet]

  /// - Throws: `HardwareError` where one of their files is wrong.
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
    var table = TextTable([
      ("machine", .left), ("", .left), ("GB/s", .right), ("GB", .right), ("TFLOP/s", .right),
      ("link GB/s", .right),
    ])
    for machine in machines {
      table.add([
        machine.name, machine.title,
        NumberText.decimal(machine.memory.bandwidthBytesPerSecond / 1e9, places: 0),
        NumberText.decimal(machine.memory.capacityBytes / 1e9, places: 0),
        NumberText.decimal(machine.peakOperations / 1e12, places: 1),
        NumberText.decimal(machine.hostLink.map { $0.bandwidthBytesPerSecond / 1e9 }, places: 0),
      ])
    }
    return table.text
  }

  private static func table(_ sets: [KernelSet]) -> String {
    var table = TextTable([
      ("kernels", .left), ("", .left), ("fitted to", .left), ("held out", .right), ("other machine", .right),
    ])
    for set in sets {
      table.add([
        set.name, set.title, set.calibration?.machine ?? "assumed",
        set.calibration.map { "±\(NumberText.percent($0.heldOut.median))" } ?? "unknown",
        set.calibration?.otherMachine.map { "±\(NumberText.percent($0.median))" } ?? "unknown",
      ])
    }
    return table.text
  }
}
