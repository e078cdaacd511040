import Foundation
import Testing

@testable import Pricing

@Suite struct MeasurementTableTests {
  private static let header = MeasurementTable.columns.joined(separator: ",")
  private static let row = "gpu,G,sparq-attn-x,float16,4,1024,32,128,16,64,0.001"

  private static func read(_ text: String) throws -> MeasurementTable {
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).csv").path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return try MeasurementTable(path: path)
  }

  /// 32 heads of 1,024 tokens: 16 channels of 2 bytes of each key; 64 rows of 256 bytes of keys and of values.
  @Test func aRowIsAStep() throws {
    let table = try Self.read(
      "# source\n\(Self.header)\n\(Self.row)\n\ngpu,G,attn-x,float16,4,1024,32,128,,,0.002\n")
    let load = table.rows[0].load
    #expect(load.score == [Access(bytes: 1_048_576)])
    #expect(load.attend == [Access(bytes: 1_048_576, pieceBytes: 256)])
    #expect(load.candidates == 32_768)
    #expect(load.rows == 32)
    #expect(load.chooses)
    #expect(table.rows[1].load.attend == [Access(bytes: 16_777_216)])
    #expect(!table.rows[1].isSparse)
  }

  /// One layout of keys: each channel of 2 bytes lies apart, in a row of 256.
  @Test func keysStoredOnceAreGathered() throws {
    let table = try Self.read("\(Self.header)\n\(Self.row.replacing("attn-x", with: "attn-x-oneK"))\n")
    let access = table.rows[0].load.score[0]
    #expect(access.sectorFactor(32) == 8 && access.pieceBytes == 2)
  }

  @Test(arguments: [
    ("", "a header line"), ("a,b\n1,2\n", "the columns"), (header + "\n", "measurements"),
    (header + "\n1,2\n", ":2: expected 11 columns, found 2"),
    (
      header + "\n" + row.replacing("0.001", with: "-1"),
      ":2: duration_s: expected seconds, from 1e-09 to 1000000.0, found '-1'"
    ),
    (header + "\n" + row.replacing("float16", with: "int3"), "dtype"),
    (header + "\n" + row.replacing(",16,64,", with: ",16,,"), "both rank_r and top_k"),
    (
      "# note\n\n" + header + "\n" + row.replacing("1024", with: "many"),
      ":4: sequence_length: expected tokens, from 1.0 to 1000000000000.0, found 'many'"
    ),
  ])
  func aWrongTableIsOneClearError(text: String, part: String) {
    let error = #expect(throws: PricingError.self) { try Self.read(text) }
    #expect(error.map { "\($0)".contains(part) } == true, "\(String(describing: error))")
  }

  @Test func aMissingFileIsNamed() {
    let error = #expect(throws: PricingError.self) { try MeasurementTable(path: "/nowhere/t.csv") }
    #expect(error?.description.hasPrefix("/nowhere/t.csv: expected a table") == true)
  }
}
