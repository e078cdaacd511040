import Foundation
import Policies
import Testing
import Traces

@testable import Simulator

/// A profile that is not as it must be is an error that says so, whatever is wrong with it.
@Suite struct LoadedProfileTests {
  let folder: TemporaryFolder
  let trace: Trace
  let good: CalibrationProfile

  init() throws {
    folder = try TemporaryFolder()
    let hand = HandTrace(prompt: 40, decode: 6)
    trace = try hand.trace(in: folder)
    good = try NaiveProfile(NaiveReplay(trace: hand), rows: [8]).profile
  }

  func load(_ profile: CalibrationProfile) throws -> LoadedProfile {
    try LoadedProfile(path: folder.file(profile.encoded(), "p.json"))
  }

  func message(_ text: String) throws -> String {
    let path = try folder.file(Data(text.utf8), "p.json")
    let error = try #require(throws: ReplayError.self) { try LoadedProfile(path: path) }
    #expect(error.description.hasPrefix("\(path): "))
    return String(error.description.dropFirst(path.count + 2))
  }

  @Test func aSoundOneLoads() throws {
    let loaded = try load(good)
    #expect(loaded.profile == good)
    #expect(loaded.digest.count == 64)
    #expect(loaded.fits(trace) && !loaded.calibrated(on: trace))
    try loaded.check(against: trace)
    #expect(try load(good).digest == loaded.digest)
  }

  @Test func whatIsNoProfileIsRefused() throws {
    let text = String(decoding: try good.encoded(), as: UTF8.self)
    let none = "expected a calibration profile, found no JSON of that form; "
    #expect(try message("").hasPrefix(none))
    #expect(try message("not JSON").hasPrefix(none))
    #expect(try message("[]").hasPrefix("expected a calibration profile, found "))
    #expect(try message(String(text.dropLast(40))).hasPrefix(none))
    #expect(
      try message(text.replacing("\"model\":", with: "\"modle\":"))
        == "expected a calibration profile, found JSON without 'model'; give one that a calibration wrote")
    #expect(
      try message(text.replacing("\"head_dim\":16", with: "\"head_dim\":\"x\"")).contains("'model.head_dim'"))
    #expect(
      try message(text.replacing("\"version\":1", with: "\"version\":2"))
        == "expected profile version 1, found 2; calibrate again with this version")
    let missing = folder.path("none.json")
    let error = try #require(throws: ReplayError.self) { try LoadedProfile(path: missing) }
    #expect(
      error.description.hasPrefix(
        "\(missing): expected a calibration profile, found no file that can be read"))
  }

  /// Any of these would have a policy read beyond an array, or rank what is no number.
  @Test func agreementOfAWrongShapeOrRangeIsRefused() throws {
    let changes: [(String, (inout CalibrationProfile) -> Void)] = [
      ("no layers", { $0.layers = [] }), ("no heads", { $0.layers[0].agreement = [] }),
      ("a head too few", { $0.layers[1].agreement.removeLast() }),
      ("a head too many", { $0.layers[0].agreement.append($0.layers[0].agreement[0]) }),
      ("no chunks", { for layer in 0..<2 { for head in 0..<6 { $0.layers[layer].agreement[head] = [] } } }),
      ("a chunk too few", { $0.layers[1].agreement[5].removeLast() }),
      ("a chunk too many", { $0.layers[0].agreement[0].append(0) }),
      ("below 0", { $0.layers[1].agreement[2][3] = -0.000001 }),
      ("above 1", { $0.layers[0].agreement[0][0] = 1.000001 }),
      ("huge", { $0.layers[0].agreement[0][0] = 1e308 }),
    ]
    for (name, change) in changes {
      var profile = good
      change(&profile)
      let path = try folder.file(profile.encoded(), "p.json")
      #expect(throws: ReplayError.self, "\(name)") { try LoadedProfile(path: path) }
    }
  }

  @Test func aProfileOfAnotherModelIsRefused() throws {
    let changes: [(inout CalibrationProfile) -> Void] = [
      { $0.model.name = "another" }, { $0.model.layers = 3 }, { $0.model.kvHeads = 3 },
      { $0.model.headDim = 32 },
      {
        $0.model.queryHeads = 12
        for layer in 0..<2 { $0.layers[layer].agreement += $0.layers[layer].agreement }
      },
      { for layer in 0..<2 { for head in 0..<6 { $0.layers[layer].agreement[head].removeLast() } } },
    ]
    for change in changes {
      var profile = good
      change(&profile)
      let loaded = try load(profile)
      let configurations = try ReplayConfiguration.grid(PolicyGrammar.parse(["fasa"]), budgets: [.tokens(4)])
      let error = try #require(throws: ReplayError.self) {
        try Replay(trace).run(configurations, options: ReplayOptions(profile: loaded))
      }
      #expect(
        error.expected.hasPrefix("a profile of by hand (2 layers, 6 query heads, d 16)")
          && error.found.hasPrefix("one of "))
      // A policy that needs none is not kept from running.
      let oracle = try ReplayConfiguration.grid(PolicyGrammar.parse(["oracle"]), budgets: [.tokens(4)])
      #expect(
        try Replay(trace).run(oracle, options: ReplayOptions(profile: loaded)).configurations.count == 1)
    }
  }

  @Test func aProfileOfTheTracesOwnTextIsRefused() throws {
    var profile = good
    profile.texts.append(profile.texts[0])
    profile.texts[1].sha256 = HandTrace.textDigest
    let error = try #require(throws: ReplayError.self) { try load(profile).check(against: trace) }
    #expect(error.found == "one calibrated on 'numbers', the text of \(trace.path)")
    // Zeros stand for a text that is not known.
    profile.texts[1].sha256 = String(repeating: "0", count: 64)
    try load(profile).check(against: trace)
  }

  /// Where nobody knows what a text is, the trace that calibrated is still known.
  @Test(arguments: ["", String(repeating: "0", count: 64)]) func aProfileOfTheTraceItselfIsRefused(
    digest: String
  )
    throws
  {
    var hand = HandTrace(prompt: 40, decode: 6)
    hand.metadata.text.sha256 = digest
    let unknown = try hand.trace(in: folder, name: "unknown.zst")
    var profile = good
    profile.texts[0].sha256 = digest
    try load(profile).check(against: unknown)
    profile.texts[0].traceDigest = try unknown.digest()
    let loaded = try load(profile)
    #expect(loaded.calibrated(on: unknown))
    let error = try #require(throws: ReplayError.self) { try loaded.check(against: unknown) }
    #expect(error.found == "one calibrated on 'numbers', the text of \(unknown.path)")
    try loaded.check(against: trace)
  }

  /// One model's name and shape, another's frequencies: a stretched context.
  @Test func otherFrequenciesAreRefused() throws {
    let own = [
      CalibrationProfile.Rotation(layers: [0, 1], frequencies: trace.metadata.rotationFrequencies(layer: 0))
    ]
    var profile = good
    profile.model.rotations = own
    #expect(try load(profile).fits(trace))
    try load(profile).check(against: trace)
    let changes: [(inout CalibrationProfile.Rotation) -> Void] = [
      { $0.frequencies = $0.frequencies.map { $0 / 4 } }, { $0.frequencies[5] *= 1.001 },
      { $0.frequencies = [] },
    ]
    for change in changes {
      profile.model.rotations = own
      profile.model.rotations?[0].layers = [0]
      profile.model.rotations?.append(own[0])
      profile.model.rotations?[1].layers = [1]
      if var rotation = profile.model.rotations?[1] {
        change(&rotation)
        profile.model.rotations?[1] = rotation
      }
      let loaded = try load(profile)
      #expect(!loaded.fits(trace))
      let error = try #require(throws: ReplayError.self) { try loaded.check(against: trace) }
      #expect(error.place == loaded.path)
      #expect(error.expected == "a profile of a by hand that rotates as in \(trace.path)")
      #expect(error.found.contains(" in place of ") && error.found.contains(" in layer 1"))
    }
    // The last bits of an engine's powers are none of a model's.
    profile.model.rotations = own
    profile.model.rotations?[0].frequencies = own[0].frequencies.map { Double(Float($0)) }
    try load(profile).check(against: trace)
  }

  @Test func rotationsOfAWrongShapeAreRefused() throws {
    var profile = good
    for frequencies in [[1.0], Array(repeating: 1.0, count: 9)] {
      profile.model.rotations = [.init(layers: [0, 1], frequencies: frequencies)]
      let error = try #require(throws: ReplayError.self) { try load(profile) }
      #expect(error.description.contains("rotations of layers 0-1 are not 8 numbers"))
    }
  }

  /// What cannot be held against the trace is said, and other weights may be another quantisation.
  @Test func whatIsNotKnownOfAModelIsSaid() throws {
    var hand = HandTrace(prompt: 40, decode: 6)
    hand.metadata.model.sha256 = String(repeating: "12", count: 32)
    let named = try hand.trace(in: folder, name: "named.zst")
    var profile = good
    let path = folder.path("p.json")
    func notes(_ policy: String = "fasa") throws -> [String] {
      let configurations = try ReplayConfiguration.grid(PolicyGrammar.parse([policy]), budgets: [.tokens(4)])
      return try ReplayPlan(
        named, configurations: configurations, options: ReplayOptions(profile: load(profile))
      )
      .calibrationNotes
    }
    profile.model.sha256 = hand.metadata.model.sha256
    #expect(
      try notes() == [
        "\(path) does not say how its model rotates positions, so that only the model's name and shape were compared: calibrate again to have it checked"
      ])
    profile.model.rotations = CalibrationProfile.Rotation.of(named.metadata, layers: [0, 1])
    #expect(try notes().isEmpty)
    profile.model.sha256 = String(repeating: "ab", count: 32)
    #expect(
      try notes() == [
        "\(path) was calibrated on other weights (SHA-256 abababababab…) than the trace's (121212121212…): right for another quantisation of the same model, wrong for another model"
      ])
    // Who uses no profile is told nothing of it.
    #expect(try notes("oracle").isEmpty)
    for unknown in ["", String(repeating: "0", count: 64)] {
      profile.model.sha256 = unknown
      #expect(
        try notes() == [
          "\(path): whether it is of the trace's weights is not known: one of the two does not name them"
        ])
    }
  }

  /// A profile that lacks a layer is found before anything is computed, and the error names it.
  @Test func aLayerThatIsNotCalibratedIsNamed() throws {
    var profile = good
    profile.layers.removeFirst()
    let loaded = try load(profile)
    let configurations = try ReplayConfiguration.grid(PolicyGrammar.parse(["fasa"]), budgets: [.tokens(4)])
    let error = try #require(throws: PolicyError.self) {
      try Replay(trace).run(configurations, options: ReplayOptions(profile: loaded))
    }
    #expect(error.description.contains("layer 0"))
    let rest = ReplayOptions(layers: [1], profile: loaded)
    #expect(try Replay(trace).run(configurations, options: rest).configurations.count == 1)
  }
}
