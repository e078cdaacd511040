import Foundation
import Testing

@testable import Pricing

@Suite struct CostModelTests {
  private static func near(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-9 * max(abs(a), abs(b)) }

  private static func sparse() -> StepLoad {
    var load = StepLoad()
    load.chooses = true
    load.rows = 2
    load.candidates = 2000
    load.score = [Access(bytes: 1e6)]
    load.attend = [Access(bytes: 5e5, pieceBytes: 256)]
    load.scoreOperations = 1e3
    return load
  }

  /// 1 MB at 1 TB/s is 1 µs; launch 1 µs and latency 0.5 µs beside it, since these kernels are not launched ahead.
  @Test func aDenseStepByHand() throws {
    var load = StepLoad()
    load.attend = [Access(bytes: 1e6)]
    let time = try Machines.model().time(load, batch: 1)
    #expect(Self.near(time.nanoseconds, 2500))
    #expect(Self.near(time.nanoseconds(.stage(.attend)), 1000))
    #expect(Self.near(time.nanoseconds(.launch), 1000))
    #expect(time.bytes == 1e6)
  }

  /// Score: 1 MB at half the bandwidth, 2 µs. Attend: 0.5 MB at a quarter, 2 µs. Select: 2 · 3 · 2,000 bytes, 12 ns, and
  /// 2 ns for each of a row's 1,000 tokens, which are too few to be split. Latency 0.7 µs, launch 2 µs.
  @Test func aSparseStepByHand() throws {
    let time = try Machines.model().time(Self.sparse(), batch: 1)
    #expect(Self.near(time.nanoseconds(.stage(.score)), 2000))
    #expect(Self.near(time.nanoseconds(.stage(.attend)), 2000))
    #expect(Self.near(time.nanoseconds(.stage(.select)), 2012))
    #expect(Self.near(time.nanoseconds, 8712))
  }

  @Test func aLongRowIsSplit() throws {
    var load = Self.sparse()
    load.candidates = 40_000
    let launch = try Machines.model().time(load, batch: 1).nanoseconds(.launch)
    #expect(Self.near(launch, 2300))
    #expect(!TopKSplit.splits(rows: 20, length: 19_999))
    #expect(TopKSplit.splits(rows: 20, length: 20_000))
    #expect(!TopKSplit.splits(rows: 799, length: 2999))
    #expect(TopKSplit.splits(rows: 5000, length: 400))
  }

  /// 2 bytes of every sector of 32: 16 times the bytes, and never more than what they lie in.
  @Test func rowsAreRoundedToSectors() {
    let access = Access(bytes: 200, pieceBytes: 2)
    #expect(access.sectorFactor(32) == 16)
    #expect(Access(bytes: 200, pieceBytes: 2, extentBytes: 1000).sectorFactor(32) == 5)
    #expect(Access(bytes: 200, pieceBytes: 96).sectorFactor(64) == 4.0 / 3)
    #expect(Access(bytes: 200).sectorFactor(64) == 1)
  }

  /// 1,000 rows of 256 bytes: 280 bytes each on the wire at 10 GB/s, 28 µs, and 1 µs of latency.
  @Test func theLinkPaysForHeaders() throws {
    var load = StepLoad()
    load.attend = [Access(bytes: 256_000, pieceBytes: 256, isOnHost: true)]
    let model = try Machines.model()
    #expect(Self.near(model.time(load, batch: 1).nanoseconds(.link), 29_000))
    // Rows of 64 bytes pay a header each: 4,000 of 88 bytes.
    load.attend = [Access(bytes: 256_000, pieceBytes: 64, isOnHost: true)]
    #expect(Self.near(model.time(load, batch: 1).nanoseconds(.link), 36_200))
  }

  /// What is known a layer earlier hides behind the device's work, and no more than that.
  @Test func prefetchingHidesTheLink() throws {
    var load = Self.sparse()
    load.attend.append(Access(bytes: 256_000, pieceBytes: 256, isOnHost: true))
    let model = try Machines.model()
    let open = model.time(load, batch: 1)
    load.prefetches = true
    let hidden = model.time(load, batch: 1)
    let saved = open.nanoseconds - hidden.nanoseconds
    #expect(Self.near(saved, 6712))
  }

  /// Launching ahead hides behind the device's work and what is left of the link, and not behind the part of the link that is
  /// hidden itself.
  @Test func aHiddenLinkHidesNoLaunching() throws {
    // About as long as the work, so that what it hides behind shows.
    let ahead = Machines.kernels.replacing("launches_ahead: false", with: "launches_ahead: true")
      .replacing("launch_ns: 2000", with: "launch_ns: 20000")
    let model = try Machines.model(Machines.plain, ahead)
    var load = Self.sparse()
    load.attend.append(Access(bytes: 256_000, pieceBytes: 256, isOnHost: true))
    load.prefetches = true
    let time = model.time(load, batch: 1)
    let launching = model.kernels.sparse.launchNs * model.machine.launchScale
    let working = time.nanoseconds - time.nanoseconds(.launch)
    #expect(Self.near(time.nanoseconds, pow(pow(working, 8) + pow(launching, 8), 1.0 / 8)))
  }

  /// A group's rows that fit the cache are read again at the cache's speed: 4 TB/s.
  @Test func rereadsComeFromTheCache() throws {
    var load = StepLoad()
    load.attend = [Access(bytes: 5e5, againBytes: 1e6)]
    let model = try Machines.model()
    #expect(Self.near(model.time(load, batch: 1).nanoseconds(.stage(.attend)), 750))
    load.attend = [Access(bytes: 2e6, againBytes: 1e6)]
    #expect(Self.near(model.time(load, batch: 1).nanoseconds(.stage(.attend)), 3000))
  }

  /// Little's law: 100 KB under way for 500 ns are 0.2 TB/s, whatever the data sheet says.
  @Test func bytesInFlightBoundTheBandwidth() throws {
    let bounded = Machines.plain.replacing(
      "line_bytes: 128", with: "line_bytes: 128\n  latency_ns: 500\n  max_outstanding_bytes: 1e5")
    let model = try Machines.model(bounded)
    #expect(Self.near(model.machine.reachableBandwidth, 2e11))
  }

  @Test func operationsCountWhereTheyTakeLonger() throws {
    var load = StepLoad()
    load.attend = [Access(bytes: 1)]
    load.attendOperations = 1e9
    #expect(Self.near(try Machines.model().time(load, batch: 1).nanoseconds(.stage(.attend)), 2000))
  }

  /// The longer of launching and working where the host launches ahead; a soft corner of 2^(1/8) where both are as long.
  @Test func launchesAheadAreHidden() throws {
    let ahead = Machines.kernels.replacing("launches_ahead: false", with: "launches_ahead: true")
    var load = StepLoad()
    load.attend = [Access(bytes: 1e9)]
    let long = try Machines.model(Machines.plain, ahead).time(load, batch: 1).nanoseconds
    #expect(Self.near(long, 1_000_500))
    load.attend = [Access(bytes: 5e5)]
    let even = try Machines.model(Machines.plain, ahead).time(load, batch: 1).nanoseconds
    #expect(Self.near(even, 1090.5077326652577))
  }
}
