import Attention
import Foundation
import Policies
import Simulator
import Traces

/// Finds the bundled calibration profile of a trace's model.
public enum ProfileLocator {
  /// Where profiles may lie, first come first served.
  public static var folders: [URL] { DataFolders.named("profiles", variable: "FASA_SIM_PROFILES") }

  /// The profile that was asked for, else the bundled one where a policy uses one and the trace is not to calibrate
  /// itself.
  ///
  /// - Throws: `ReplayError` where the profile that was given is no sound one, or is not for this trace.
  public static func profile(
    given path: String?, for trace: Trace, _ policies: [PolicyConfiguration], selfCalibrates: Bool
  ) throws -> LoadedProfile? {
    if let path {
      guard !selfCalibrates else {
        throw ReplayError(
          "\(path) and self-calibration", expected: "one of them", found: "both", advice: "leave one out")
      }
      let profile = try named(path)
      // Before anything makes a policy of it, and before `all` leaves out what it does not serve.
      try Runnability(trace, options: ReplayOptions(profile: profile)).checkProfile(policies)
      return profile
    }
    let needsProfile = policies.contains(where: \.isCalibrated) && !selfCalibrates
    return needsProfile ? bundled(for: trace) : nil
  }

  /// The first profile, by folder and name, that is of the trace's model and not made from its text.
  public static func bundled(for trace: Trace) -> LoadedProfile? {
    bundled { $0.fits(trace) && !$0.calibrated(on: trace) }
  }

  /// The first profile, by folder and name, for which it holds.
  public static func bundled(where isFit: (LoadedProfile) -> Bool) -> LoadedProfile? {
    for path in paths() {
      guard let profile = try? LoadedProfile(path: path), profile.profile.slices == .rope, isFit(profile)
      else { continue }
      return profile
    }
    return nil
  }

  /// A profile of a user: a file, else a bundled one by its file's name without `.json`.
  ///
  /// - Throws: `ReplayError` where it is no sound profile, or where there is none of that name.
  public static func named(_ name: String) throws -> LoadedProfile {
    let isPath = name.contains("/") || name.hasSuffix(suffix)
    guard !isPath, !FileManager.default.fileExists(atPath: name) else { return try LoadedProfile(path: name) }
    let known = paths()
    if let path = known.first(where: { Self.name(of: $0) == name }) { return try LoadedProfile(path: path) }
    throw ReplayError(
      "'\(name)'", expected: "a profile's file, or the name of a bundled one", found: "neither",
      advice: known.isEmpty
        ? "calibrate one, or set FASA_SIM_PROFILES to the folder that holds them"
        : NearestName.advice(for: name, among: known.map(Self.name)))
  }

  /// Files that may be profiles, first come first served.
  public static func paths() -> [String] {
    folders.flatMap { folder in
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
      return names.filter { $0.hasSuffix(suffix) }.sorted().map { folder.appendingPathComponent($0).path }
    }
  }

  /// The name by which a bundled profile is asked for.
  public static func name(of path: String) -> String {
    let file = URL(fileURLWithPath: path).lastPathComponent
    return file.hasSuffix(suffix) ? String(file.dropLast(suffix.count)) : file
  }

  private static let suffix = ".json"
}
