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
    package let machines: [Machine]
    let kernels: [Kernels]

    package struct Machine: Encodable {
      let name: String
      let title: String
      let kind: String
      let bandwidthBytesPerSecond: Double
      let linkBytesPerSecond: Double?
      let capacityBytes: Double
      let peakOperationsPerSecond: [String: Double]
      let kernels: String?
    }

    struct Kernels: Encodable {
      let name: String
      let title: String
      let fittedTo: [String]
      let errors: [HeldOut]
    }

    struct HeldOut: Encodable {
      let of: String
      /// Nil where it is of machines that no fit saw.
      let machine: String?
      let error: ModelError
    }
  }

  package var json: JSON {
    JSON(
      machines: machines.map {
        .init(
          name: $0.name, title: $0.title, kind: $0.kind.rawValue,
          bandwidthBytesPerSecond: $0.memory.bandwidthBytesPerSecond,
          linkBytesPerSecond: $0.hostLink?.bandwidthBytesPerSecond, capacityBytes: $0.memory.capacityBytes,
          peakOperationsPerSecond: $0.peakOperationsPerSecond,
          kernels: $0.kernels?.name)
      },
      kernels: sets.map {
        .init(
          name: $0.name, title: $0.title, fittedTo: $0.calibration?.machines.map(\.name) ?? [],
          errors: $0.calibration?.errors.map {
            .init(of: $0.kind.rawValue, machine: $0.machine, error: $0.error)
          } ?? [])
      })
  }

  package var document: Document {
    Document([
      .table(Self.table(machines)), .table(Self.table(sets)),
      .notes(["± median error of times on machines that the fit did not see"]),
    ])
  }

  private static func table(_ machines: [HardwareDescription]) -> TextTable {
    TextTable(
      machines,
      [
        .left("machine") { $0.name },
        .left("", drop: 2, isProse: true) { $0.title },
        .right("GB/s") { NumberText.decimal($0.memory.bandwidthBytesPerSecond / 1e9, places: 0) },
        .right("GB") { NumberText.decimal($0.memory.capacityBytes / 1e9, places: 0) },
        .right("TFLOP/s") { NumberText.decimal($0.peakOperations / 1e12, places: 1) },
        .right("link GB/s", drop: 1) {
          NumberText.decimal($0.hostLink.map { $0.bandwidthBytesPerSecond / 1e9 }, places: 0)
        },
      ]
    )
  }

  private static func table(_ sets: [KernelSet]) -> TextTable {
    TextTable(
      sets,
      [
        .left("kernels") { $0.name },
        .left("", drop: 2, isProse: true) { $0.title },
        .left("fitted to", drop: 1, isProse: true) {
          $0.calibration?.machines.map(\.name).joined(separator: ", ") ?? "assumed"
        },
        .right("dense") { elsewhere($0, .dense) },
        .right("pages") { elsewhere($0, .pages) },
        .right("tokens") { elsewhere($0, .tokens) },
        .right("step") { elsewhere($0, .step) },
      ]
    )
  }

  private static func elsewhere(_ set: KernelSet, _ kind: PriceKind) -> String {
    set.calibration?.errors.first { $0.kind == kind && $0.machine == nil }
      .map { "±\(NumberText.percent($0.error.median))" } ?? "–"
  }
}
