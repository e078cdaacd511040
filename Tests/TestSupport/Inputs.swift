import Foundation
import Simulator
import Synchronization
import Traces

/// What the commands are given.
package enum Inputs {
  /// A trace of the folder `traces`.
  package static func bundledTrace(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../traces/\(name)")
      .standardized
      .path(percentEncoded: false)
  }

  /// Files by name, made once for all tests.
  private static let made = Mutex<[String: Data]>([:])

  private static func data(_ name: String, _ make: (String) throws -> Void) throws -> Data {
    try made.withLock { made in
      if let known = made[name] { return known }
      let folder = try TemporaryFolder()
      try make(folder.path("new"))
      let data = try Data(contentsOf: folder.url.appending(path: "new"))
      made[name] = data
      return data
    }
  }

  /// A trace of 2 layers, 6 query heads and 40 decode steps, `t.zst` unless named.
  package static func trace(in folder: TemporaryFolder, name: String = "t.zst", seed: UInt64 = 1) throws {
    let data = try data("trace \(seed)") {
      try SyntheticTrace(prompt: 80, decode: 40, window: 32, seed: seed).write(to: $0)
    }
    _ = try folder.file(data, name)
  }

  /// A profile that a calibration on another trace of the same model wrote.
  package static func profile(in folder: TemporaryFolder, name: String = "p.json") throws {
    let data = try data("profile") { path in
      try SyntheticTrace(prompt: 60, decode: 4, seed: 9).write(to: path)
      let profile = try Calibration(Trace(path: path)).run(CalibrationOptions())
      try profile.encoded().write(to: URL(filePath: path))
    }
    _ = try folder.file(data, name)
  }
}
