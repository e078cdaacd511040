import Attention
import Foundation
import Simulator
import TestSupport
import Testing
import Traces

@testable import Experiments

@Suite struct ProfileComparisonTests {
  let folder: TemporaryFolder
  let profile: CalibrationProfile

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.profile(in: folder)
    profile = try LoadedProfile(path: folder.path("p.json")).profile
  }

  private func loaded(_ profile: CalibrationProfile, _ name: String) throws -> LoadedProfile {
    try LoadedProfile(path: try folder.file(profile.encoded(), name))
  }

  private func compared(_ other: CalibrationProfile, share: Budget = .share(0.25), window: Int? = nil) throws
    -> ProfileComparison
  {
    try ProfileComparison(loaded(profile, "a.json"), loaded(other, "b.json"), share: share, window: window)
  }

  @Test func aProfileIsAlikeToItself() throws {
    let comparison = try compared(profile)
    #expect(
      comparison.kinds.map(\.name) == [
        "dominant chunks", "heaviest channels", "heaviest channels, own token", "key axes",
        "key axes before rotation", "query centres", "far mass",
      ])
    for kind in comparison.kinds { #expect(kind.least.value > 0.999 && kind.mean <= 1.0001, "\(kind.name)") }
    #expect(comparison.notes == ["calibrated on a text in common"])
  }

  /// Two heads of a layer swap half and all of their chunks.
  @Test func chunksInCommonAreCountedByHead() throws {
    var other = profile
    let chunks = profile.layers[0].agreement[0].count
    var mine = profile
    mine.layers[0].agreement[0] = (0..<chunks).map { 1 - Double($0) / 100 }
    mine.layers[0].agreement[1] = mine.layers[0].agreement[0]
    other.layers[0].agreement[0] = mine.layers[0].agreement[0].reversed()
    other.layers[0].agreement[1] = (0..<chunks).map { [2, 3].contains($0) ? 1 : $0 < 2 ? 0.9 : 0.1 }
    other.layers[0].agreement[1][4] = 0.95
    other.layers[0].agreement[1][5] = 0.94
    let comparison = try ProfileComparison(
      loaded(mine, "a.json"), loaded(other, "b.json"), share: .tokens(4), window: nil)
    let kind = try #require(comparison.kinds.first)
    #expect(kind.byChance == 4.0 / Double(chunks))
    #expect(kind.heads[0].value == 0 && kind.heads[1].value == 0.5 && kind.heads[2].value == 1)
    #expect((kind.least.layer, kind.least.head) == (mine.layers[0].layer, 0))
  }

  /// The K that FASA would take.
  @Test(arguments: [
    ([], nil), ([1024], 1024), ([64, 1024], 64), ([64, 256, 1024], 256), ([192, 320], 192),
    ([128, 300], 300),
  ])
  func theUsualWindowIsTheNearest(windows: [Int], usual: Int?) throws {
    #expect(ProfileComparison.usualWindow(of: windows) == usual)
    var held = profile
    let (entry, chunks) = (profile.layers[0], profile.layers[0].agreement[0].count)
    // Of each K other chunks agree most.
    held.layers = windows.enumerated().map { place, window in
      var layer = entry
      layer.window = window
      layer.agreement = entry.agreement.map { _ in (0..<chunks).map { $0 == place ? 1 : 0.5 } }
      return layer
    }
    guard let usual, let place = windows.firstIndex(of: usual) else { return }
    let told = ProfileDescription(try loaded(held, "c.json"))
    #expect(told.dominantChunks.contains(place))
    #expect(told.text.contains("in the mean at K = \(NumberText.grouped(usual))"))
    #expect(
      held.contextualAgreement.ranking(
        layer: entry.layer, slices: held.slices, layout: held.pairing, window: 256)
        == held.layers[place].agreement)
  }

  @Test func whatCannotBeComparedIsSaid() throws {
    var wider = profile
    wider.model.layers += 1
    #expect(throws: ReplayError.self) { try compared(wider) }
    #expect {
      try compared(profile, window: 7)
    } throws: {
      "\($0)".hasPrefix("K = 7: expected one that both profiles hold, found 256 in common")
    }
    var renamed = profile
    renamed.model.name = "another"
    renamed.statistics = nil
    let comparison = try compared(renamed)
    #expect(comparison.kinds.count == 1 && comparison.notes.first?.hasPrefix("of other models") == true)
    var requantised = profile
    requantised.model.sha256 = String(repeating: "7", count: 64)
    #expect(
      try compared(requantised).notes.first == "of other weights (SHA-256), such as another quantisation")
    #expect(try compared(requantised).kinds.count == 7)
  }

  /// Channels that lie otherwise are not those of the same number: what is by chunks is compared all the same.
  @Test func statisticsOfTwoLayoutsAreNotCompared() throws {
    var other = profile
    other.pairing = profile.pairing == .half ? .interleaved : .half
    let comparison = try compared(other)
    #expect(comparison.kinds.map(\.name) == ["dominant chunks"])
    #expect(comparison.notes.contains("head statistics are in channels of two layouts, and are not compared"))
  }

  @Test func profilesThatHoldNothingInCommonAreRefused() throws {
    var (first, second) = (profile, profile)
    first.statistics = nil
    second.statistics = nil
    first.layers = first.layers.filter { $0.layer == 0 }
    second.layers = second.layers.filter { $0.layer == 1 }
    let error = #expect(throws: ReplayError.self) {
      try ProfileComparison(
        loaded(first, "a.json"), loaded(second, "b.json"), share: .share(0.25), window: nil)
    }
    #expect(error?.expected == "a layer and K, or head statistics, that both hold")
  }
}
