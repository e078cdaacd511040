/// The code that computed a result, known by its sources.
///
/// The build writes ``sourcesDigest`` into this type (`Plugins/SourceDigest`): results of the same sources are the
/// same bits, whoever compiled them, and those of others may differ.
public enum SourceBuild {
  /// SHA-256 over the sources that decide exact results, in lower-case hexadecimal.
  public static var digest: String { sourcesDigest }

  /// As people read and type it: the digest's first 12 digits.
  package static func short(_ digest: String?) -> String { digest.map { String($0.prefix(12)) } ?? unknown }

  /// Stands for the build of a result that was stored before builds were.
  static let unknown = "unknown"
}
