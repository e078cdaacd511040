import Foundation

/// The checkout that this executable was built in, where it still lies there.
package enum SourceTree {
  /// The nearest folder above the executable that holds this package.
  package static let root: URL? = {
    var folder = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent()
    while let current = folder, current.path != "/" {
      let manifest = current.appendingPathComponent("Package.swift").path
      if let text = try? String(contentsOfFile: manifest, encoding: .utf8),
        text.contains("name: \"fasa-sim\"")
      {
        return current
      }
      folder = current.deletingLastPathComponent()
    }
    return nil
  }()

  /// The commit that is checked out there; nil where it is no git checkout.
  package static let commit: String? = {
    guard let git = root?.appendingPathComponent(".git"),
      let head = try? String(contentsOf: git.appendingPathComponent("HEAD"), encoding: .utf8)
    else { return nil }
    let text = head.trimmingCharacters(in: .whitespacesAndNewlines)
    guard text.hasPrefix("ref: ") else { return text }
    let reference = String(text.dropFirst("ref: ".count))
    if let hash = try? String(contentsOf: git.appendingPathComponent(reference), encoding: .utf8) {
      return hash.trimmingCharacters(in: .whitespacesAndNewlines)
    }
    let packed = try? String(contentsOf: git.appendingPathComponent("packed-refs"), encoding: .utf8)
    return packed?.split(separator: "\n").first { $0.hasSuffix(" " + reference) }.map {
      String($0.prefix(40))
    }
  }()
}
