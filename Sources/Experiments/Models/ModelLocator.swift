import Attention
import Foundation
import Pricing
import Traces

/// Finds the shape of a model: a bundled one by its name, or that of a model's own file.
public enum ModelLocator {
  /// Bundled names, as help lists them.
  public static var names: [String] { ModelShape.bundled.map(\.name) }

  /// The name of a bundled model, else a Hugging Face `config.json` or the folder that holds it, or a GGUF file.
  ///
  /// - Throws: `PricingError` where it is none of them, or a file does not say what is needed.
  public static func shape(_ name: String) throws -> ModelShape {
    if let bundled = ModelShape.bundled(named: name) { return bundled }
    guard let file = file(name) else { throw unknown(name) }
    var shape =
      isGGUF(file) ? try GGUFModel(path: file).shape() : try ConfigJSON(path: file).shape()
    // One name in a database is one shape.
    if let other = ModelShape.bundled(named: shape.name), other != shape {
      shape.name += " (\(Excerpt.of(URL(fileURLWithPath: file).lastPathComponent)))"
    }
    return shape
  }

  /// Whether a text is a bundled name or may name a file, which is not opened.
  ///
  /// - Throws: `PricingError` where it can be neither.
  package static func check(_ name: String) throws {
    if ModelShape.bundled(named: name) == nil, file(name) == nil { throw unknown(name) }
  }

  /// Nil for what looks like a name and lies nowhere.
  private static func file(_ name: String) -> String? {
    var isFolder: ObjCBool = false
    let isThere = FileManager.default.fileExists(atPath: name, isDirectory: &isFolder)
    if isThere, isFolder.boolValue {
      return name + (name.hasSuffix("/") ? "config.json" : "/config.json")
    }
    let isPath = name.contains("/") || name.hasSuffix(".json") || name.lowercased().hasSuffix(".gguf")
    return isThere || isPath ? name : nil
  }

  private static func isGGUF(_ path: String) -> Bool {
    if path.lowercased().hasSuffix(".gguf") { return true }
    guard let file = try? InputFile(path: path), file.size >= 4 else { return false }
    return (try? file.bytes(at: 0, count: 4)) == GGUFHeader.magic
  }

  private static func unknown(_ name: String) -> PricingError {
    let shown = Excerpt.of(name)
    let nearest = NearestName.question(name, among: names).map { $0 + " " } ?? ""
    return PricingError(
      "'\(shown)'",
      expected: "the name of a model, a config.json or the folder that holds it, or a .gguf file",
      found: "none of them", advice: nearest + "there are \(names.joined(separator: ", "))")
  }
}
