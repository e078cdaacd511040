import Foundation
import Simulator
import TestSupport
import Testing
import Traces

@testable import Experiments

@Suite struct TraceLocatorTests {
  let folder: TemporaryFolder
  let digest: String
  let locator: TraceLocator

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
    digest = try Trace(path: folder.path("t.zst")).digest()
    locator = TraceLocator(cache: folder.path("."))
  }

  func keep(_ name: String, as digest: String) throws {
    try FileManager.default.copyItem(atPath: folder.path(name), toPath: folder.path("\(digest).zst"))
  }

  @Test func aPathIsAPath() throws {
    let trace = try locator.open(folder.path("t.zst"))
    #expect(trace.expectedDigest == nil)
    #expect(try trace.claimedDigest() == digest)
  }

  @Test func aDigestIsFoundAndHeldAgainstTheFile() throws {
    try keep("t.zst", as: digest)
    let trace = try locator.open("sha256:\(digest.uppercased())")
    #expect(trace.expectedDigest == digest)
    #expect(try trace.digest() == digest)
  }

  @Test func aFileUnderAnotherDigestIsNoticedWhenItIsRead() throws {
    let other = String(repeating: "a", count: 64)
    try keep("t.zst", as: other)
    let trace = try locator.open("sha256:\(other)")
    #expect(try trace.claimedDigest() == other)
    let error = #expect(throws: TraceError.self) { try trace.digest() }
    #expect(error?.kind == .otherDigest)
    #expect("\(try #require(error))".contains("SHA-256 \(other), found that of \(digest)"))
    // Before anything is stored.
    let replay = #expect(throws: TraceError.self) {
      _ = try Replay(trace).run([], options: ReplayOptions())
    }
    #expect(replay?.kind == .otherDigest)
  }

  @Test func whatIsNotThere() throws {
    let missing = #expect(throws: TraceError.self) { try locator.open("sha256:\(digest)") }
    #expect(
      missing?.kind == .cannotOpen && missing?.expected.contains("\(digest).zst or .safetensors in ") == true)
    let short = #expect(throws: ReplayError.self) { try locator.open("sha256:12ab") }
    #expect(short?.found == "4 characters")
    for text in ["sha256:\(String(repeating: "g", count: 64))", "sha256:\(digest)0", "sha256:"] {
      #expect(throws: ReplayError.self) { try locator.open(text) }
    }
  }
}
