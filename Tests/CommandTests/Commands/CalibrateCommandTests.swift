import Foundation
import Simulator
import TestSupport
import Testing
import Traces

@testable import Experiments
@testable import fasa_sim

@Suite struct CalibrateCommandTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
    try Inputs.trace(in: folder, name: "u.zst", seed: 2)
  }

  func calibrate(_ options: String) throws -> Executable.Outcome {
    try Executable.run(["calibrate"] + options.split(separator: " ").map(String.init), in: folder)
  }

  @Test func theProfileIsWhatTheLibraryMeasures() throws {
    let run = try calibrate("t.zst u.zst --window 8,64 -o p.json")
    #expect(run.status == 0 && run.errors.isEmpty)
    #expect(run.output == "p.json: synthetic, 4 layer profiles over none; none\n")
    let expected = try CalibrationProfile.merging(
      ["t.zst", "u.zst"].map {
        try Calibration(Trace(path: folder.path($0))).run(CalibrationOptions(windows: [8, 64]))
      })
    #expect(try LoadedProfile(path: folder.path("p.json")).profile == expected)
  }

  @Test func threadsAndInstructionSetDoNotMatter() throws {
    for (name, options) in [("a", "--threads 1 --isa portable"), ("b", "--threads 2")] {
      #expect(try calibrate("t.zst --layers 1 \(options) -o \(name).json").status == 0)
    }
    #expect(try folder.text("a.json") == folder.text("b.json"))
  }

  @Test func aProfileIsReplacedOnlyByForce() throws {
    #expect(try calibrate("t.zst --layers 0 -o p.json").status == 0)
    let before = try folder.text("p.json")
    let refused = try calibrate("u.zst --layers 0 -o p.json")
    #expect(refused.status == 1)
    #expect(try folder.text("p.json") == before)
    #expect(try calibrate("u.zst --layers 0 -o p.json --force").status == 0)
    #expect(try folder.text("p.json") != before)
  }

  /// Adjacent slices serve adjacent pairing, and not the rotation pairs of this layout.
  @Test func aProfileServesWhatItMeasured() throws {
    #expect(try calibrate("u.zst --pairing adjacent -o p.json").status == 0)
    func replay(_ policy: String) throws -> Executable.Outcome {
      try Executable.run(
        ["replay", "t.zst", "--policy", policy, "--profile", "p.json", "--no-timing", "--db", ":memory:"],
        in: folder)
    }
    #expect(try replay("fasa:pairing=adjacent").status == 0)
    let refused = try replay("fasa")
    #expect(refused.status == 1)
    #expect(refused.errors.contains("layer 0: expected contextual agreement with rope pairing"))
  }
}
