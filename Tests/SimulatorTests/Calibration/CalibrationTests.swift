import Attention
import Foundation
import Kernels
import Policies
import Testing
import Traces

@testable import Simulator

@Suite struct CalibrationTests {
  /// Profiles keep six decimals.
  static let rounding = 0.500001e-6

  @Test(arguments: [RopePairing.half, .interleaved])
  func agreementIsThatOfTheDefinition(pairing: RopePairing) throws {
    let folder = try TemporaryFolder()
    let hand = HandTrace(
      prompt: 50, decode: 7, rope: .init(pairing: pairing, base: 10_000, rotaryDim: 12), seed: 8)
    let naive = NaiveReplay(trace: hand)
    let profile = try Calibration(hand.trace(in: folder)).run(
      CalibrationOptions(windows: [5, 400], threads: 2))
    #expect(profile.layers.map { [$0.layer, $0.window] } == [[0, 5], [0, 400], [1, 5], [1, 400]])
    for entry in profile.layers {
      #expect(entry.agreement.map(\.count) == Array(repeating: 6, count: 6))
      for (head, found) in entry.agreement.enumerated() {
        let expected = naive.agreement(
          layer: entry.layer, head: head, rows: hand.decodeRows, window: entry.window)
        for (chunk, value) in expected.enumerated() {
          #expect(
            abs(found[chunk] - value) <= Self.rounding, "layer \(entry.layer), head \(head), chunk \(chunk)")
        }
      }
    }
    // A window beyond the cache is all of it, in which every chunk agrees.
    #expect(profile.layers[1].agreement.joined().allSatisfy { $0 == 1 })
    #expect(profile.contextualAgreement.windows(layer: 1) == [5, 400])
    #expect(profile.contextualAgreement.values[.init(layer: 1, window: 5)] == profile.layers[2].agreement)
  }

  /// Adjacent slices of a layout that rotates halves are the rotation pairs of the other layout.
  @Test func adjacentSlicesAreChannels2iAnd2iPlus1() throws {
    let folder = try TemporaryFolder()
    var hand = HandTrace(prompt: 50, decode: 5, seed: 8)
    let profile = try Calibration(hand.trace(in: folder)).run(
      CalibrationOptions(windows: [9], slices: .adjacent))
    #expect(profile.slices == .adjacent && profile.pairing == .half)
    hand.metadata.rope.pairing = .interleaved
    let naive = NaiveReplay(trace: hand)
    for head in 0..<6 {
      let expected = naive.agreement(layer: 1, head: head, rows: hand.decodeRows, window: 9)
      for (chunk, value) in expected.enumerated() {
        #expect(abs(profile.layers[1].agreement[head][chunk] - value) <= Self.rounding)
      }
    }
  }

  @Test func aSlidingWindowBoundsWhatIsCompared() throws {
    let folder = try TemporaryFolder()
    let hand = HandTrace(prompt: 50, decode: 4, attention: .init(scale: 0.125, slidingWindow: 20), seed: 8)
    let naive = NaiveReplay(trace: hand)
    let profile = try Calibration(hand.trace(in: folder)).run(CalibrationOptions(layers: [1], windows: [6]))
    #expect(profile.layers.map(\.layer) == [1])
    for (chunk, value) in naive.agreement(layer: 1, head: 5, rows: hand.decodeRows, window: 6).enumerated() {
      #expect(abs(profile.layers[0].agreement[5][chunk] - value) <= Self.rounding)
    }
  }

  @Test func threadsAndInstructionSetDoNotMatter() throws {
    let folder = try TemporaryFolder()
    try SyntheticTrace(prompt: 200, decode: 9).write(to: folder.path("s.zst"))
    let trace = try Trace(path: folder.path("s.zst"))
    var profiles: Set<Data> = []
    for set in InstructionSet.available {
      for threads in 1...3 {
        profiles.insert(
          try Calibration(trace).run(
            CalibrationOptions(windows: [16, 64], threads: threads, instructionSet: set)
          ).encoded())
      }
    }
    #expect(profiles.count == 1)
  }

  @Test func aProfileSaysWhatMadeIt() throws {
    let folder = try TemporaryFolder()
    let trace = try HandTrace(prompt: 50, decode: 7).trace(in: folder)
    let profile = try Calibration(trace).run(CalibrationOptions())
    #expect(profile.version == 1)
    #expect(profile.model.name == "by hand" && profile.model.layers == 2 && profile.model.headDim == 16)
    #expect(profile.model.queryHeads == 6 && profile.model.kvHeads == 2)
    #expect(
      profile.model.rotations == [
        .init(layers: [0, 1], frequencies: trace.metadata.rotationFrequencies(layer: 0))
      ])
    let text = try #require(profile.texts.first)
    #expect(text.title == "numbers" && text.sha256 == HandTrace.textDigest)
    #expect(text.tokens == 57 && text.queries == 7)
    #expect(try text.traceDigest == trace.digest())
  }
}
