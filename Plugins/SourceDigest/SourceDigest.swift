import Foundation
import PackagePlugin

/// Writes the SHA-256 over the sources that decide a replay's exact results into the module that names results, so
/// that a stored result is known by the code that computed it.
///
/// The digest is of a list as `sha256sum` prints it, a line per file with its path below `Sources`, in the order of
/// the paths' bytes: the same on every machine and in every checkout.
@main
struct SourceDigest: BuildToolPlugin {
  /// Folders of `Sources` whose code runs between a trace and its digest.
  static let folders = ["Attention", "CKernels", "Kernels", "Policies", "Simulator", "Traces"]

  /// Parts of them that read results or yield times, and are read by nothing that computes.
  static let leftOut = ["Simulator/Exploration/", "Simulator/Timing/"]

  func createBuildCommands(context: PluginContext, target: Target) throws -> [Command] {
    let sources = context.package.directoryURL.appending(path: "Sources")
    let names = try Self.folders.flatMap { try files(in: $0, of: sources) }.sorted {
      $0.utf8.lexicographicallyPrecedes($1.utf8)
    }
    let output = context.pluginWorkDirectoryURL.appending(path: "BuildDigest.swift")
    return [
      .buildCommand(
        displayName: "Digesting the sources of results", executable: URL(filePath: "/bin/sh"),
        arguments: [
          "-c", Self.script, "sh", sources.path(percentEncoded: false), output.path(percentEncoded: false),
        ]
          + names,
        inputFiles: names.map { sources.appending(path: $0) }, outputFiles: [output])
    ]
  }

  /// A shell's work, so that a build compiles no executable for it. The file is written only where it changes, since
  /// debug and release builds share it.
  private static let script = #"""
    set -e
    sources=$1 output=$2
    shift 2
    if command -v sha256sum >/dev/null; then sum=sha256sum; else sum='shasum -a 256'; fi
    digest=$(cd "$sources" && $sum -- "$@" | $sum | cut -c1-64)
    text="extension SourceBuild {
      /// Written by the build.
      static let sourcesDigest = \"$digest\"
    }"
    if [ ! -f "$output" ] || [ "$(cat "$output")" != "$text" ]; then
      printf '%s\n' "$text" > "$output.new.$$"
      mv "$output.new.$$" "$output"
    fi
    """#

  /// Paths below `Sources` of a folder's source files.
  private func files(in folder: String, of sources: URL) throws -> [String] {
    let endings: Set = ["c", "h", "inc", "swift"]
    let paths = try FileManager.default.subpathsOfDirectory(
      atPath: sources.appending(path: folder).path(percentEncoded: false))
    return paths.map { "\(folder)/\($0)" }.filter { path in
      guard let dot = path.lastIndex(of: "."), endings.contains(String(path[path.index(after: dot)...]))
      else {
        return false
      }
      return !path.split(separator: "/").contains { $0.hasPrefix(".") }
        && !Self.leftOut.contains { path.hasPrefix($0) }
    }
  }
}
