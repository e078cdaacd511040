import Attention
import Foundation
import Pricing
import Traces

/// A Parquet file's rows as CSV, by whichever reader this machine has.
struct ParquetText {
  let path: String
  /// Folders in which programs are looked for, as the environment's variable PATH gives them.
  var searchPath = ProcessInfo.processInfo.environment["PATH"] ?? ""

  /// - Throws: `PricingError` where there is no reader, or it cannot read the file.
  func csv() throws -> Data {
    for reader in ParquetReader.allCases {
      guard let program = SystemProgram(named: reader.rawValue, searchPath: searchPath) else { continue }
      if let data = try run(reader, program) { return data }
    }
    throw PricingError(
      path, expected: "DuckDB's command duckdb, or python3 with pyarrow, to read Parquet with",
      found: "neither", advice: "install one of them, or give the table as CSV")
  }

  /// Nil where Python lacks the library.
  private func run(_ reader: ParquetReader, _ program: SystemProgram) throws -> Data? {
    let files = FileManager.default
    let folder: ScratchFolder
    let ending: SystemProgram.Ending
    do {
      folder = try ScratchFolder(holding: [ParquetReader.source, ParquetReader.result, SystemProgram.log])
      try files.createSymbolicLink(
        at: folder.url.appending(path: ParquetReader.source),
        withDestinationURL: URL(fileURLWithPath: path).resolvingSymlinksInPath())
      ending = try program.run(reader.arguments, in: folder.url)
    } catch {
      throw PricingError(
        path, expected: "to run \(program.path) in a folder for temporary files",
        found: error.localizedDescription, advice: "give the table as CSV")
    }
    if reader == .python3, ending.status == ParquetReader.lacksLibrary { return nil }
    let data = withExtendedLifetime(folder) { WholeFile.data(folder.path(ParquetReader.result)) }
    guard ending.status == 0, let data else {
      let said = reader.reason(of: ending.errors)
      throw PricingError(
        path, expected: "a Parquet file that \(reader.title) reads",
        found: said.map { "'\($0)'" } ?? "the exit status \(ending.status)",
        advice: "copy or download the file again, or give the table as CSV")
    }
    return data
  }
}
