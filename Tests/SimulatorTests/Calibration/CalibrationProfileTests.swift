import Foundation
import Policies
import Testing

@testable import Simulator

@Suite struct CalibrationProfileTests {
  static func profile(_ agreement: [[Double]], queries: Int = 10, title: String = "t", layer: Int = 0)
    -> CalibrationProfile
  {
    CalibrationProfile(
      version: 1,
      model: .init(name: "m", sha256: "", layers: 2, queryHeads: agreement.count, kvHeads: 1, headDim: 4),
      slices: .rope, pairing: .half,
      texts: [.init(title: title, kind: "k", sha256: "ab", tokens: 100, queries: queries, traceDigest: "cd")],
      layers: [.init(layer: layer, window: 256, agreement: agreement)])
  }

  @Test func mergingWeighsByQueries() throws {
    let merged = try CalibrationProfile.merging([
      Self.profile([[0.5, 0.1], [0, 1]], queries: 30, title: "a"),
      Self.profile([[0.1, 0.1], [1, 0]], queries: 10, title: "b"),
    ])
    #expect(merged.layers[0].agreement == [[0.4, 0.1], [0.25, 0.75]])
    #expect(merged.texts.map(\.title) == ["a", "b"])
    #expect(merged.texts.map(\.queries) == [30, 10])
    // As if all three had been merged at once.
    let third = Self.profile([[1, 0.6], [0.5, 0.5]], queries: 40, title: "c")
    let twice = try CalibrationProfile.merging([merged, third])
    #expect(twice.layers[0].agreement == [[0.7, 0.35], [0.375, 0.625]])
    #expect(twice.texts.map(\.title) == ["a", "b", "c"])
  }

  @Test func oneProfileIsItself() throws {
    let profile = Self.profile([[0.5, 0.1]])
    #expect(try CalibrationProfile.merging([profile]) == profile)
    #expect(throws: ReplayError.self) { try CalibrationProfile.merging([]) }
  }

  /// Axes that were rounded for a file are not turned again.
  @Test func oneProfilesAxesStay() throws {
    let profile = try RivalsReplayTests.profile(in: TemporaryFolder()).profile
    #expect(profile.statistics != nil)
    #expect(try CalibrationProfile.merging([profile]) == profile)
  }

  @Test func profilesThatDifferAreNotMerged() {
    let profile = Self.profile([[0.5, 0.1]])
    var others = [Self.profile([[0.5, 0.1]], layer: 1), Self.profile([[0.5, 0.1], [0, 0]])]
    for change: (inout CalibrationProfile) -> Void in [
      { $0.model.name = "other" }, { $0.slices = .adjacent }, { $0.pairing = .interleaved },
      { $0.layers[0].window = 128 }, { $0.layers = [] },
    ] {
      others.append(profile)
      change(&others[others.count - 1])
    }
    for other in others {
      #expect(throws: ReplayError.self) { try CalibrationProfile.merging([profile, other]) }
    }
  }

  @Test func theFileIsTheseBytes() throws {
    let data = try Self.profile([[0.5, 0.123457], [1, 0]]).encoded()
    let expected =
      #"{"layers":[{"agreement":[[0.5,0.123457],[1,0]],"layer":0,"window":256}],"#
      + #""model":{"head_dim":4,"kv_heads":1,"layers":2,"name":"m","query_heads":2,"sha256":""},"#
      + #""pairing":"half","slices":"rope","texts":[{"kind":"k","queries":10,"sha256":"ab","title":"t","#
      + #""tokens":100,"trace_sha256":"cd"}],"version":1}"# + "\n"
    #expect(String(decoding: data, as: UTF8.self) == expected)
    #expect(
      try JSONDecoder().decode(CalibrationProfile.self, from: data)
        == Self.profile([[0.5, 0.123457], [1, 0]]))
  }
}
