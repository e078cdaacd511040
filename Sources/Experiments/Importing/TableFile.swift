import Attention
import Foundation
import Pricing

/// A file that is to be imported.
struct TableFile: Equatable {
  let path: String
  var isParquet: Bool { Self.endsWith(path, "parquet") }

  /// What aiconfigurator calls its tables of decode attention.
  private static let names = ["parquet", "txt", "csv"].map { "generation_attention_perf.\($0)" }

  /// The files of a path: those of a folder that have aiconfigurator's name, however deep they lie, or the file itself.
  ///
  /// - Throws: `PricingError` where nothing is there that could be read; a pipe would be waited for.
  static func all(at path: String) throws -> [TableFile] {
    let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().path(percentEncoded: false)
    let type = (try? FileManager.default.attributesOfItem(atPath: real))?[.type] as? FileAttributeType
    if type == .typeDirectory {
      let inside = FileManager.default.enumerator(atPath: real)?.compactMap { $0 as? String } ?? []
      let found = inside.filter { names.contains(($0 as NSString).lastPathComponent) }.sorted()
      guard !found.isEmpty else {
        throw PricingError(
          path, expected: "a folder that holds \(names.joined(separator: ", "))", found: "none below it",
          advice: "name the folder systems/data of aiconfigurator, or a file")
      }
      let folder = path.hasSuffix("/") ? path : path + "/"
      return found.map { TableFile(path: folder + $0) }
    }
    guard type == .typeRegular else {
      throw PricingError(
        path, expected: "a table or a folder of tables", found: type == nil ? "none" : "a pipe or a device",
        advice: "name a file or a folder")
    }
    guard ["parquet", "txt", "csv"].contains(where: { endsWith(path, $0) }) else {
      throw PricingError(
        path, expected: "a name that ends in .parquet, .txt or .csv", found: "another",
        advice: "name it so, or name a folder")
    }
    return [TableFile(path: path)]
  }

  /// Its rows as CSV, whatever it is written as.
  ///
  /// - Throws: `PricingError` where it cannot be read, or no program here reads Parquet.
  func text() throws -> Data {
    guard let data = WholeFile.data(path) else {
      throw PricingError(
        path, expected: "a file that can be read", found: "none", advice: "name another file")
    }
    // A checkout without Git LFS holds these in place of the tables.
    guard !data.starts(with: Data("version https://git-lfs".utf8)) else {
      throw PricingError(
        path, expected: "a table", found: "a pointer of Git LFS, which stands for it",
        advice: "fetch the files with git lfs pull")
    }
    guard isParquet else { return data }
    guard data.starts(with: Data("PAR1".utf8)) else {
      throw PricingError(
        path, expected: "a Parquet file, which begins with PAR1", found: "another file",
        advice: "copy or download the file again")
    }
    return try ParquetText(path: path).csv()
  }

  private static func endsWith(_ path: String, _ ending: String) -> Bool {
    path.lowercased().hasSuffix(".\(ending)")
  }
}
