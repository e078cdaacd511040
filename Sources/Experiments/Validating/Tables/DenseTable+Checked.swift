import Pricing

extension DenseTable {
  /// Rows that can be held against kernel sets, and why others cannot, with their number.
  struct Checked {
    private(set) var rows: [(row: Row, machine: HardwareDescription)] = []
    private(set) var leftOut: [String: Int] = [:]

    /// Times of one kernel on one machine, which are trusted or not together.
    private struct Source: Hashable {
      let machine: String
      let engine: String
      let kernel: String

      init(_ row: Row) { (machine, engine, kernel) = (row.machine, row.engine, row.kernel) }
    }

    init(_ all: [Row], _ bundled: BundledKernels) {
      var beating: [Source: Int] = [:]
      var large: [Source: Int] = [:]
      let known = all.compactMap { row in bundled.machine(row.machine).map { (row: row, machine: $0) } }
      for (row, machine) in known where row.call.isFromMemory(of: machine) {
        large[Source(row), default: 0] += 1
        if row.call.beatsMemory(of: machine, microseconds: row.microseconds) {
          beating[Source(row), default: 0] += 1
        }
      }
      leftOut[TableComparison.noMachine] = all.count - known.count
      let names = Set(bundled.sets.map(\.name))
      for (row, machine) in known {
        let source = Source(row)
        let reason: String? =
          if !names.contains(row.engineName) {
            "of \(row.engineName), which no kernel set is of"
          } else if row.call.beatsMemory(of: machine, microseconds: row.microseconds) {
            "quicker than the memory"
          } else if Double(beating[source] ?? 0) > ImportedTable.mostBeating * Double(large[source] ?? 0) {
            // The clock or the machine was not what the table says: small caches, which nothing checks, are trusted no more.
            "of kernels of which more than a tenth are quicker than the memory"
          } else {
            nil
          }
        if let reason { leftOut[reason, default: 0] += 1 } else { rows.append((row, machine)) }
      }
      leftOut = leftOut.filter { $0.value > 0 }
    }
  }
}
