import Foundation

/// Files that are read at once.
public enum WholeFile {
  /// A file's bytes; nil where it cannot be read, or is a device, some of which never end.
  public static func data(_ path: String) -> Data? {
    let type = try? FileManager.default.attributesOfItem(atPath: resolved(path))[.type] as? FileAttributeType
    guard type != .typeCharacterSpecial, type != .typeBlockSpecial else { return nil }
    return FileManager.default.contents(atPath: path)
  }

  private static func resolved(_ path: String) -> String {
    URL(fileURLWithPath: path).resolvingSymlinksInPath().path(percentEncoded: false)
  }
}
