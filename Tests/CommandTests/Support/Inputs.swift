import Foundation
import Simulator
import Traces

/// What the commands are given.
enum Inputs {
  /// A trace of the folder `traces`.
  static func bundledTrace(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../traces/\(name)")
      .standardized
      .path(percentEncoded: false)
  }

  /// A trace of 2 layers, 6 query heads and 40 decode steps, `t.zst` unless named.
  @discardableResult
  static func trace(in folder: TemporaryFolder, name: String = "t.zst", seed: UInt64 = 1) throws -> String {
    try SyntheticTrace(prompt: 80, decode: 40, window: 32, seed: seed).write(to: folder.path(name))
    return name
  }

  /// A profile that a calibration on another trace of the same model wrote.
  @discardableResult
  static func profile(in folder: TemporaryFolder, name: String = "p.json") throws -> String {
    let path = folder.path("calibration.zst")
    try SyntheticTrace(prompt: 60, decode: 4, seed: 9).write(to: path)
    let profile = try Calibration(Trace(path: path)).run(CalibrationOptions())
    _ = try folder.file(profile.encoded(), name)
    return name
  }
}
