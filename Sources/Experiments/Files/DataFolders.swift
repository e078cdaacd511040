import Foundation

/// Where files that come with the program may lie, first come first served.
package enum DataFolders {
  /// - Parameters:
  ///   - name: `profiles`, `hardware`.
  ///   - variable: the environment's, which goes before all.
  package static func named(_ name: String, variable: String) -> [URL] {
    var result: [URL] = []
    if let given = ProcessInfo.processInfo.environment[variable] {
      result.append(URL(fileURLWithPath: given))
    }
    let executable = Bundle.main.executableURL?.resolvingSymlinksInPath()
    if let bin = executable?.deletingLastPathComponent() {
      result.append(bin.deletingLastPathComponent().appendingPathComponent("share/fasa-sim/\(name)"))
    }
    if let root = SourceTree.root { result.append(root.appendingPathComponent(name)) }
    return result
  }
}
