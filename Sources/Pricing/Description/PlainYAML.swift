import Foundation
import Yams

/// What a YAML file that people write may be: small, and hardly ever folded into itself. Some dozens of aliases stand for more
/// values than any memory holds, and an endless file ends no reading.
public enum PlainYAML {
  public static let largestBytes = 1 << 20
  /// So many, nested as they may be, stand for some hundreds of values.
  public static let mostAliases = 16

  /// A file's text, or nil where it cannot be read.
  ///
  /// - Throws: ``PricingError`` where it is larger than ``largestBytes`` or no UTF-8.
  public static func text(_ path: String) throws -> String? {
    guard let file = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? file.close() }
    guard let data = try? file.read(upToCount: largestBytes + 1) ?? Data() else { return nil }
    guard data.count <= largestBytes else {
      throw PricingError(
        path, expected: "a YAML file of at most \(largestBytes) bytes", found: "a larger one",
        advice: "give the file that is meant, or split it")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw PricingError(path, expected: "UTF-8", found: "other bytes", advice: "save it as UTF-8")
    }
    return text
  }

  /// The document's top; nil for an empty one.
  ///
  /// - Throws: ``PricingError`` for too many aliases, `YamlError` for what is no YAML.
  public static func compose(_ text: String, file: String) throws -> Node? {
    let aliases = aliases(text)
    guard aliases <= mostAliases else {
      throw PricingError(
        file, expected: "at most \(mostAliases) aliases (*name)", found: "\(aliases)",
        advice: "write out what they stand for")
    }
    return try Yams.compose(yaml: text)
  }

  /// Stars that begin a word: aliases, and a few in quoted text that only look so.
  private static func aliases(_ text: String) -> Int {
    let apart = Set(" \t\r\n[]{},:?-".utf8)
    let ends = Set(" \t\r\n[]{},".utf8)
    var count = 0
    var (isApart, isStar) = (true, false)
    for byte in text.utf8 {
      if isStar, !ends.contains(byte) { count += 1 }
      isStar = isApart && byte == UInt8(ascii: "*")
      isApart = apart.contains(byte)
    }
    return count
  }
}
