import Foundation
import Policies
import Simulator
import Traces

/// Finds the bundled calibration profile of a trace's model.
enum ProfileLocator {
  /// Where profiles may lie, first come first served.
  static var folders: [URL] { DataFolders.named("profiles", variable: "FASA_SIM_PROFILES") }

  /// The profile that a command was given, else the bundled one where a policy uses one.
  static func profile(given path: String?, for trace: Trace, _ policies: [PolicyConfiguration]) throws
    -> LoadedProfile?
  {
    if let path { return try LoadedProfile(path: path) }
    let needsProfile = policies.contains { policy in
      [.contextualAgreement, .headStatistics].contains { policy.needs.contains($0) }
    }
    return needsProfile ? bundled(for: trace) : nil
  }

  /// The first profile, by folder and name, that is of the trace's model and not made from its text.
  static func bundled(for trace: Trace) -> LoadedProfile? {
    for folder in folders {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
      for name in names.sorted() where name.hasSuffix(".json") {
        guard let profile = try? LoadedProfile(path: folder.appendingPathComponent(name).path),
          profile.profile.slices == .rope, profile.fits(trace), !profile.calibrated(on: trace)
        else { continue }
        return profile
      }
    }
    return nil
  }
}
