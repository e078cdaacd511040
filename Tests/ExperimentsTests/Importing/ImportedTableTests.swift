import Foundation
import Pricing
import TestSupport
import Testing

@testable import Experiments

/// The H100's memory gives 3.35 TB/s, and a cache of 105 MB or less may come from its L2.
@Suite struct ImportedTableTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func read(_ rows: [String], machine: String = "h100_sxm") throws -> ImportedTable {
    try ImportedTable(TableFile(path: folder.table(rows, machine: machine)), machine: nil)
  }

  private func good(_ count: Int) -> [String] {
    (0..<count).map { PublishedTable.row(step: "\(1023 + $0)") }
  }

  @Test func aTimeThatBeatsTheMemoryIsLeftOut() throws {
    let table = try read(good(10) + [PublishedTable.row(latency: "0.0800")])
    #expect(table.rows.count == 10 && table.fromMemory == 11 && !table.isLeftOut && table.isChecked)
    #expect(table.flaws[.beatsMemory] == tally(at: 12))
    #expect(
      table.notes == [
        "\(table.path): 1 of 11 rows left out, faster than the memory can read their keys and values, at line 12"
      ])
  }

  /// 80.2 µs is possible, and what the L2 serves may take any time.
  @Test func possibleTimesAreKept() throws {
    let table = try read([
      PublishedTable.row(latency: "0.0802"), PublishedTable.row(batch: 25, latency: "0.001"),
      PublishedTable.row(batch: 1, latency: "0.0001"),
    ])
    #expect(table.rows.count == 3 && table.fromMemory == 1 && table.notes.isEmpty)
  }

  /// Small caches, which cannot be checked, do not make up for large ones that are wrong.
  @Test func aFileThatBeatsTheMemoryIsLeftOutWhole() throws {
    let small = (0..<50).map { PublishedTable.row(batch: 1, step: "\($0)", latency: "0.01") }
    let table = try read(good(8) + [PublishedTable.row(latency: "0.01")] + small)
    #expect(table.rows.isEmpty && table.isLeftOut && table.count == 59)
    #expect(
      table.notes.last?.contains(
        "left out whole, since 1 of its 9 rows that must come from memory are faster than that of h100-sxm")
        == true)
  }

  @Test func whatIsNotDescribedIsKeptUnchecked() throws {
    let table = try read([PublishedTable.row(latency: "0.0001")], machine: "mine")
    #expect(table.rows.count == 1 && !table.isChecked && !table.isLeftOut)
    #expect(
      table.notes == ["\(table.path): its times are not checked, since no description of 'mine' is known"])
  }

  private func tally(at number: Int) -> FlawTally {
    var tally = FlawTally()
    tally.add(number)
    return tally
  }
}
