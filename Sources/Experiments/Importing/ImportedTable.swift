import Foundation
import Pricing

/// A published table as it was read, and what remains of it once it is held against the machine's memory.
struct ImportedTable {
  /// As the user reaches it.
  let path: String
  let origin: TableOrigin
  /// Of the file.
  let count: Int
  private(set) var rows: [PerformanceTable.NumberedRow]
  private(set) var flaws: [ImportFlaw: FlawTally]
  /// Rows whose caches are too large for the last-level cache to serve them again, as each call asks it to.
  let fromMemory: Int
  let unit: String

  /// Beyond this share of the rows from memory, the clock or the machine was not what the file says: none of its times can
  /// be trusted, those of small caches, which cannot be checked, no more than the others.
  static let mostBeating = 0.1

  init(_ file: TableFile, machine: String?) throws {
    path = file.path
    origin = try TableOrigin(file: file.path, machine: machine)
    unit = file.isParquet ? "row" : "line"
    var table = try PerformanceTable(
      file.text(), file: file.path, origin: origin, isConverted: file.isParquet)
    count = table.count
    if let machine = origin.description {
      fromMemory = table.rows.count { $0.row.shape.call.isChecked(of: machine) }
      table.leaveOut(.beatsMemory) {
        $0.shape.call.beatsMemory(of: machine, microseconds: $0.microseconds)
      }
    } else {
      fromMemory = 0
    }
    flaws = table.flaws
    rows = table.rows
    if isLeftOut { rows = [] }
  }

  /// Whether there is a memory and a cache to hold its times against.
  var isChecked: Bool { origin.description?.lastLevelCache != nil }

  /// Whether so many rows beat the memory that none is kept.
  var isLeftOut: Bool {
    Double(flaws[.beatsMemory]?.count ?? 0) > Self.mostBeating * Double(fromMemory)
  }

  /// A line for each thing that whoever uses the rows should know.
  var notes: [String] {
    var notes = ImportFlaw.allCases.compactMap { flaw in
      flaws[flaw].map { tally in
        let number = NumberText.grouped(tally.count)
        return
          "\(path): \(number) of \(NumberText.grouped(count)) rows left out, \(flaw.text), \(tally.places(unit))"
      }
    }
    if isLeftOut, let beating = flaws[.beatsMemory]?.count {
      notes.append(
        "\(path): left out whole, since \(NumberText.grouped(beating)) of its \(NumberText.grouped(fromMemory)) rows that must come from memory are faster than that of \(origin.description?.name ?? origin.machine)"
      )
    } else if !isChecked {
      let lack = origin.description == nil ? "description" : "last-level cache"
      notes.append("\(path): its times are not checked, since no \(lack) of '\(origin.machine)' is known")
    }
    return notes
  }
}
