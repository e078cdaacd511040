import Attention
import Foundation
import Traces

/// A calibration profile read from a file.
public struct LoadedProfile: Sendable {
  public let path: String
  public let profile: CalibrationProfile
  /// SHA-256 of the file, lower-case hexadecimal.
  public let digest: String

  /// - Throws: ``ReplayError`` where the file is not a profile.
  public init(path: String) throws {
    guard let data = WholeFile.data(path) else {
      throw ReplayError(
        path, expected: "a calibration profile", found: "no file that can be read", advice: "check the path")
    }
    do {
      profile = try JSONDecoder().decode(CalibrationProfile.self, from: data)
    } catch {
      throw ReplayError(
        path, expected: "a calibration profile", found: Self.reason(error),
        advice: "give one that a calibration wrote")
    }
    guard profile.version == CalibrationProfile.currentVersion else {
      throw ReplayError(
        path, expected: "profile version \(CalibrationProfile.currentVersion)", found: "\(profile.version)",
        advice: "calibrate again with this version")
    }
    if let flaw = profile.flaw {
      throw ReplayError(
        path, expected: "a sound calibration profile", found: "that \(flaw)",
        advice: "calibrate again with this version")
    }
    self.path = path
    digest = SHA256Digest.hex(of: data)
  }

  private static func reason(_ error: any Error) -> String {
    switch error as? DecodingError {
    case .keyNotFound(let key, _): "JSON without '\(key.stringValue)'"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      "another type in '\(context.codingPath.map(\.stringValue).joined(separator: "."))'"
    default: "no JSON of that form"
    }
  }

  /// Whether a text that calibrated is the trace's own, or where the trace does not say what its text is, whether the
  /// trace itself calibrated.
  public func calibrated(on trace: Trace) -> Bool {
    let own = trace.metadata.text.sha256
    if own.contains(where: { $0 != "0" }) { return profile.texts.contains { $0.sha256 == own } }
    // A trace that cannot be read any more is not scored either.
    guard let digest = try? trace.digest() else { return false }
    return profile.texts.contains { $0.traceDigest == digest }
  }

  /// - Throws: ``ReplayError`` where the profile is of another model or was made from this very text.
  func check(against trace: Trace) throws(ReplayError) {
    try checkModel(of: trace)
    guard !calibrated(on: trace) else {
      throw ReplayError(
        path, expected: "a profile of other texts, since a policy is never scored on what calibrated it",
        found: "one calibrated on '\(trace.metadata.text.title)', the text of \(trace.path)",
        advice: "give another profile")
    }
  }
}
