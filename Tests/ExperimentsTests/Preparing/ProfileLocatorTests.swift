import Foundation
import TestSupport
import Testing
import Traces

@testable import Experiments

@Suite struct ProfileLocatorTests {
  /// The tests are built within the checkout, whose profiles are looked for last.
  @Test func theCheckoutsProfilesAreAmongTheFolders() throws {
    let root = try #require(SourceTree.root)
    #expect(FileManager.default.fileExists(atPath: root.appending(path: "Package.swift").path()))
    #expect(ProfileLocator.folders.last?.path == root.appending(path: "profiles").path)
    #expect(ProfileLocator.folders.contains { $0.path.hasSuffix("share/fasa-sim/profiles") })
  }

  @Test func aModelThatIsNotBundledHasNoProfile() throws {
    let folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
    #expect(try ProfileLocator.bundled(for: Trace(path: folder.path("t.zst"))) == nil)
  }
}
