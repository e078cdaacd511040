import Attention
import Foundation
import Simulator
import Traces

/// Finds traces by their paths or, in a folder that is named after what it holds, by their digests.
///
///     let locator = TraceLocator(cache: "/scratch/traces")
///     let trace = try locator.open("sha256:9f86d081…")   // /scratch/traces/9f86d081….zst
///
/// A trace that was asked for by its digest is the same wherever it lies. Its file is held against the digest when it is
/// read, not when it is opened.
public struct TraceLocator: Sendable {
  /// What a digest begins with, in place of a path.
  static let prefix = "sha256:"
  /// Names of the environment's variable for the folder.
  public static let variable = "FASA_SIM_TRACE_CACHE"

  /// Folder of traces called HEX.zst or HEX.safetensors; nil where there is none.
  public let cache: String?

  /// - Parameter cache: nil for the folder that the environment names, if it does.
  public init(cache: String? = nil) {
    let named = ProcessInfo.processInfo.environment[Self.variable].flatMap { $0.isEmpty ? nil : $0 }
    self.cache = cache ?? named
  }

  /// - Parameter name: a path, or `sha256:` with 64 hexadecimal digits.
  /// - Throws: `TraceError` where the trace is not there or is none, `ReplayError` where a digest cannot be one or no
  ///   folder is known.
  public func open(_ name: String) throws -> Trace {
    guard name.hasPrefix(Self.prefix) else { return try Trace(path: name) }
    let digest = name.dropFirst(Self.prefix.count).lowercased()
    guard digest.utf8.count == 64, digest.utf8.allSatisfy(Set("0123456789abcdef".utf8).contains) else {
      throw ReplayError(
        name, expected: "\(Self.prefix) and 64 hexadecimal digits",
        found: "\(digest.utf8.count) characters\(digest.utf8.count == 64 ? ", others among them" : "")",
        advice: "give what sha256sum prints of the trace")
    }
    guard let cache else {
      throw ReplayError(
        name, expected: "a folder in which to find traces by their digests", found: "none",
        advice: "name it, or set the environment's \(Self.variable)")
    }
    let folder = cache.hasSuffix("/") ? cache : "\(cache)/"
    let paths = ["zst", "safetensors"].map { "\(folder)\(digest).\($0)" }
    guard let path = paths.first(where: FileManager.default.fileExists) else {
      throw TraceError(
        .cannotOpen, file: name, expected: "\(digest).zst or .safetensors in \(cache)", found: "neither",
        advice: "copy the trace there under its digest")
    }
    var trace = try Trace(path: path)
    trace.expectedDigest = digest
    return trace
  }
}
