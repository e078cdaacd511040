import Attention
import Pricing

/// The cost model held against a table of measurements.
package struct HardwareValidation {
  private enum Held {
    /// Parts of the table are fitted, and others predicted.
    case fitted(Validation, MeasurementTable)
    /// What bundled kernel sets predict stands beside the table.
    case compared(TableComparison)
  }

  /// Of a table of dense kernels.
  package static var denseColumns: String { DenseTable.columns.joined(separator: ",") }

  private let held: Held
  /// Kernels that are looked at; empty for all.
  private let kernels: [String]
  /// The table, as a kernel set that is fitted to it shall name it.
  private let data: String
  private let added: [HardwareDescription]
  /// A user's own measurements, or some kernels, are asked about alone.
  package let isWhole: Bool

  /// - Parameters:
  ///   - measurements: path of a table; nil for the bundled ones.
  ///   - machines: names of descriptions beside the bundled ones.
  ///   - kernels: names of those to look at; empty for all.
  /// - Throws: `PricingError` where a file is wrong, or the table knows no such machine or kernel.
  package init(measurements: String?, machines: [String], kernels: [String]) throws {
    data = measurements ?? "measurements/sparq.csv"
    let path = try measurements ?? HardwareLocator.file(data)
    added = try machines.map(HardwareLocator.machine)
    self.kernels = kernels
    isWhole = measurements == nil && kernels.isEmpty
    let bytes = try MeasurementText.data(path)
    let rows = try TableRows(bytes, path: path)
    guard try TableKind(rows) == .layers else {
      held = .compared(try TableComparison(rows, kernels: kernels, BundledKernels(added: added)))
      return
    }
    let table = try MeasurementTable(bytes, path: path)
    let validation = Validation(table, machines: try HardwareLocator.machines() + added)
    held = .fitted(validation, table)
    guard !validation.devices.isEmpty else {
      throw PricingError(
        table.path, expected: "a device that a description's field 'device' names",
        found: Set(table.rows.map(\.device)).sorted().joined(separator: ", "),
        advice: "give a description of it")
    }
    try Self.check(kernels, among: validation.denseKernels + validation.pairs.map(\.sparse), of: table.path)
  }

  static func check(_ kernels: [String], among known: [String], of path: String) throws {
    let unknown = kernels.filter { !known.contains($0) }
    guard unknown.isEmpty else {
      throw PricingError(
        path, expected: "the kernels asked for", found: "none called \(unknown.joined(separator: ", "))",
        advice: NearestName.advice(for: unknown[0], among: known))
    }
  }

  private func isWanted(_ name: String) -> Bool { kernels.isEmpty || kernels.contains(name) }

  /// - Parameters:
  ///   - listsCases: whether every prediction is listed beside its measurement.
  ///   - local: this machine's own kernels; nil to leave them out.
  /// - Throws: `PricingError` where a bundled file is wrong.
  package func report(listsCases: Bool, local: MachineFit?) throws -> ValidationReport {
    switch held {
    case .compared(let table):
      return ValidationReport(
        path: table.path, outcomes: [], listsCases: listsCases, claim: nil, quest: nil, local: nil,
        tables: [table], isComparison: true)
    case .fitted(let validation, let table):
      return ValidationReport(
        path: table.path, outcomes: outcomes(validation), listsCases: listsCases,
        claim: isWhole ? try ClaimReport(.fasaC) : nil, quest: isWhole ? try QuestReport() : nil,
        local: local.map { LocalValidation(measured: $0) },
        tables: isWhole ? try TableComparison.bundled(BundledKernels(added: added)) : [])
    }
  }

  private func outcomes(_ validation: Validation) -> [Validation.Outcome] {
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
  /// - Throws: `PricingError` where the table has none of the machine, or is none that sets are fitted to.
  package func fitted(_ machine: HardwareDescription, method: String) throws -> [String] {
    guard case .fitted(let validation, let table) = held else {
      throw PricingError(
        data, expected: "a table that kernel sets are fitted to, with the columns of sparq.csv",
        found: "another", advice: "name another table")
    }
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
