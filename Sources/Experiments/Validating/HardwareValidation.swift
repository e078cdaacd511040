import Pricing

/// The cost model held against a table of measurements.
package struct HardwareValidation {
  private let table: MeasurementTable
  private let validation: Validation
  /// Kernels that are looked at; empty for all.
  private let kernels: [String]
  /// The table, as a kernel set that is fitted to it shall name it.
  private let data: String
  /// A user's own measurements, or some kernels, are asked about alone.
  package let isWhole: Bool

  /// - Parameters:
  ///   - measurements: path of a table; nil for the bundled one.
  ///   - machines: names of descriptions beside the bundled ones.
  ///   - kernels: names of those to look at; empty for all.
  /// - Throws: `PricingError` where a file is wrong, or the table knows no such machine or kernel.
  package init(measurements: String?, machines: [String], kernels: [String]) throws {
    data = measurements ?? "measurements/sparq.csv"
    table = try MeasurementTable(path: measurements ?? HardwareLocator.file(data))
    validation = Validation(
      table, machines: try HardwareLocator.machines() + machines.map(HardwareLocator.machine))
    self.kernels = kernels
    isWhole = measurements == nil && kernels.isEmpty
    guard !validation.devices.isEmpty else {
      throw PricingError(
        table.path, expected: "a device that a description's field 'device' names",
        found: Set(table.rows.map(\.device)).sorted().joined(separator: ", "),
        advice: "give a description of it")
    }
    let known = validation.denseKernels + validation.pairs.map(\.sparse)
    let unknown = kernels.filter { !known.contains($0) }
    guard unknown.isEmpty else {
      throw PricingError(
        table.path, expected: "the kernels asked for",
        found: "none called \(unknown.joined(separator: ", "))",
        advice: "there are \(known.joined(separator: ", "))")
    }
  }

  private func isWanted(_ name: String) -> Bool { kernels.isEmpty || kernels.contains(name) }

  /// - Parameters:
  ///   - listsCases: whether every prediction is listed beside its measurement.
  ///   - local: this machine's own kernels; nil to leave them out.
  package func report(listsCases: Bool, local: MachineFit?) throws -> ValidationReport {
    ValidationReport(
      table: table, outcomes: outcomes, listsCases: listsCases,
      claim: isWhole ? try ClaimReport(.fasaC) : nil,
      quest: isWhole ? try QuestReport() : nil, local: local.map { LocalValidation(measured: $0) })
  }

  private var outcomes: [Validation.Outcome] {
    let dense = validation.denseKernels.filter(isWanted).flatMap {
      validation.outcomes(sparse: nil, dense: $0)
    }
    let sparse = validation.pairs.filter { isWanted($0.sparse) }.flatMap {
      validation.outcomes(sparse: $0.sparse, dense: $0.dense)
    }
    return dense + sparse
  }

  /// The kernel sets that all measurements of a machine fit best, as YAML, one of each pair of kernels.
  ///
  /// - Parameter method: how they are fitted, as the file shall say.
  /// - Throws: `PricingError` where the table has none of the machine.
  package func fitted(_ machine: HardwareDescription, method: String) throws -> [String] {
    let pairs = validation.pairs.filter { isWanted($0.sparse) }
    guard let device = machine.device, validation.devices.contains(device), !pairs.isEmpty else {
      throw PricingError(
        table.path, expected: "measurements of \(machine.name) and of the kernels asked for", found: "none",
        advice: "name another machine or other kernels")
    }
    return try pairs.map { pair in
      let set = validation.fitted(sparse: pair.sparse, dense: pair.dense, device: device)
      return try KernelSetText(
        set: set, name: pair.sparse, dense: pair.dense, machine: machine, data: data, validation: validation,
        method: method
      ).yaml()
    }
  }
}
