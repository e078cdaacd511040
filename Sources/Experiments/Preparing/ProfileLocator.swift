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
      let profile = try LoadedProfile(path: path)
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
    for folder in folders {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
      for name in names.sorted() where name.hasSuffix(".json") {
        guard let profile = try? LoadedProfile(path: folder.appendingPathComponent(name).path),
          profile.profile.slices == .rope, isFit(profile)
        else { continue }
        return profile
      }
    }
    return nil
  }
}
