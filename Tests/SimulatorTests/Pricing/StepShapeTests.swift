import Attention
import Hardware
import Policies
import Testing

@testable import Simulator

@Suite struct StepShapeTests {
  private static func near(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-9 * abs(b) }

  private static func entry(
    _ content: TrafficContent, _ pattern: AccessPattern, _ perHead: Double, _ union: Double,
    written: Double = 0,
    tier: MemoryTier = .device
  ) -> StepShape.Entry {
    .init(
      kind: TrafficKind(content, pattern, tier: tier), readPerHead: perHead, readGroupUnion: union,
      written: written)
  }

  /// 4 heads of a KV head, 64 channels of 2 bytes, 1,000 tokens of which 100 are chosen; unions of 250.
  private static func shape(_ kind: PolicyDescriptor.Kind = .selection, budget: Budget? = .tokens(100))
    -> StepShape
  {
    StepShape(
      policyKind: kind, budget: budget, prefetches: false, visible: 1000, selected: 100, groupSize: 4,
      headDim: 64,
      elementBytes: 2,
      entries: [
        entry(.keys, .gather(rowBytes: 128), 400 * 128, 250 * 128), entry(.keys, .stream, 0, 0, written: 128),
        entry(.values, .gather(rowBytes: 128), 400 * 128, 250 * 128),
        entry(.values, .stream, 0, 0, written: 128),
        entry(.metadata, .stream, 4 * 32_000, 32_000, written: 32),
        entry(.scores, .stream, 16_000, 16_000, written: 16_000),
      ], visibleAtEnd: 1000, residentDeviceBytes: 288_000, residentHostBytes: 0)
  }

  private static let own = PricedGeometry(
    layers: 3, queryHeads: 8, kvHeads: 2, headDim: 64, elementBytes: 2, context: 1000)

  @Test(arguments: Reading.allCases) func atItsOwnGeometryTheCountedBytesArePriced(
    reading: Reading
  ) {
    let load = Self.shape().load(Self.own, reading: reading)
    var perGroup = 0.0
    for entry in Self.shape().entries {
      perGroup += reading == .perHead ? entry.readPerHead : entry.readGroupUnion
      perGroup += entry.written
    }
    #expect(Self.near(load.bytes, 2 * perGroup))
    #expect(load.chooses)
    #expect(load.candidates == 8000)
    #expect(load.rows == 8)
  }

  /// A count of tokens stays at a longer context, and what is read to choose grows with it.
  @Test func aCountStaysAndAShareGrows() {
    var longer = Self.own
    longer.context = 4000
    let counted = Self.shape().load(longer, reading: .groupUnion)
    #expect(Self.near(counted.attend.sum, 128000))
    #expect(Self.near(counted.score.sum, 256000))
    let shared = Self.shape(budget: .share(0.1)).load(longer, reading: .groupUnion)
    #expect(Self.near(shared.attend.sum, 512000))
    #expect(Self.shape().selected(at: 50) == 50)
  }

  /// What an evicting policy keeps is all that its state goes through.
  @Test func anEvictorsStateDoesNotGrow() {
    var longer = Self.own
    longer.context = 4000
    let load = Self.shape(.eviction).load(longer, reading: .groupUnion)
    #expect(Self.near(load.score.sum, 64000))
    #expect(Self.shape(.eviction).residentBytes(longer).device == 1_728_000)
    #expect(Self.shape().residentBytes(longer).device == 6_912_000)
  }

  /// Twice the channels are twice the bytes of a row, and no more scores.
  @Test func widerHeadsMoveMoreOfARow() {
    var wider = Self.own
    wider.headDim = 128
    let load = Self.shape().load(wider, reading: .perHead)
    #expect(load.attend.allSatisfy { $0.pattern == .gather(rowBytes: 256) })
    let (before, after) = (Self.shape().load(Self.own, reading: .perHead), load)
    #expect(before.select == after.select)
    #expect(before.candidates == after.candidates)
    #expect(Self.near(after.attend.sum, 2 * before.attend.sum))
  }

  /// Of 4 heads, 1.6 share each row; of 7, 1 + 0.6 · 6 / 3. What all share stays shared by all.
  @Test func sharingGrowsWithTheGroup() {
    var larger = Self.own
    larger.queryHeads = 14
    let load = Self.shape().load(larger, reading: .groupUnion)
    let union = load.attend[0].bytes / 2
    // 700 rows of 128 bytes.
    #expect(Self.near(union, 89_600 / 2.2))
    #expect(Self.near(load.score[0].bytes, 64_000))
    // A union never is more than there is.
    larger.context = 200
    let short = Self.shape().load(larger, reading: .groupUnion)
    #expect(short.attend[0].bytes <= 51_200.000_1)
  }

  /// Keys streamed beside gathered values are scored; keys streamed by one that keeps rows side by side are attended to.
  @Test func streamedKeysAreScoredWhereValuesAreGathered() {
    #expect(!Self.shape().isAttending(TrafficKind(.keys, .stream)))
    #expect(Self.shape().isAttending(TrafficKind(.keys, .gather(rowBytes: 8192), tier: .host)))
    let evictor = StepShape(
      policyKind: .eviction, budget: .tokens(1), prefetches: false, visible: 10, selected: 1, groupSize: 1,
      headDim: 8,
      elementBytes: 2, entries: [Self.entry(.values, .stream, 16, 16)], visibleAtEnd: 10,
      residentDeviceBytes: 1,
      residentHostBytes: 0)
    #expect(evictor.isAttending(TrafficKind(.keys, .stream)))
  }

  @Test func whatFitsIsWhatIsLeftBesideTheWeights() {
    #expect(Residency(capacityBytes: 100, weightBytes: 40, cacheBytes: 25).largestBatch == 2)
    #expect(Residency(capacityBytes: 30, weightBytes: 40, cacheBytes: 25).largestBatch == 0)
  }

  /// Layers that a choosing policy keeps dense grow with the context, and the rows that it gathers do not.
  @Test func denseLayersOfAChoosingPolicyGrow() {
    let mixed = StepShape(
      policyKind: .selection, budget: .tokens(100), prefetches: false, visible: 1000, selected: 280,
      groupSize: 1,
      headDim: 64, elementBytes: 2,
      entries: [
        Self.entry(.values, .gather(rowBytes: 128), 80 * 128, 80 * 128),
        Self.entry(.values, .stream, 200 * 128, 200 * 128), Self.entry(.keys, .stream, 200 * 128, 200 * 128),
      ], visibleAtEnd: 1000, residentDeviceBytes: 1, residentHostBytes: 0)
    let target = PricedGeometry(
      layers: 1, queryHeads: 1, kvHeads: 1, headDim: 64, elementBytes: 2, context: 4000)
    let load = mixed.load(target, reading: .groupUnion)
    // 80 rows, and 4 times 200.
    #expect(Self.near(load.attend.sum, 112_640))
    #expect(Self.near(load.score.sum, 102_400))
    #expect(load.chooses)
  }

  /// A budget that the trace was too short for is the budget at a longer context.
  @Test func aBudgetBeyondTheTraceIsKept() {
    let all = StepShape(
      policyKind: .bound, budget: .tokens(8192), prefetches: false, visible: 1000, selected: 1000,
      groupSize: 1,
      headDim: 64, elementBytes: 2, entries: [], visibleAtEnd: 1000, residentDeviceBytes: 1,
      residentHostBytes: 0)
    #expect(all.selected(at: 65_536) == 8192)
    #expect(all.selected(at: 4000) == 4000)
  }

  /// Channels of a key are read to choose by, and whole sectors of them are no more than the keys.
  @Test func channelsInRowsAreScores() {
    #expect(!Self.shape().isAttending(TrafficKind(.keys, .gather(rowBytes: 2))))
  }

  /// What of a key does not lie on the device already is a part of its row, which is attended to.
  @Test func partsOfRowsAreAttendedTo() {
    for tier in MemoryTier.allCases {
      #expect(Self.shape().isAttending(TrafficKind(.keys, .gather(rowBytes: 96), tier: tier)))
    }
  }

  /// 50 of 100 chosen rows lie on the device whatever the query: at four times the context they are as many, where all else
  /// grows; a share of the context grows too.
  @Test(arguments: [(Budget.tokens(100), 1.0), (.share(0.1), 4.0)]) func whatIsKeptGrowsWithWhatIsChosen(
    budget: Budget, growth: Double
  ) {
    let rows = 50.0 * 128
    let shape = StepShape(
      policyKind: .selection, budget: budget, prefetches: false, visible: 1000, selected: 100, groupSize: 1,
      headDim: 64, elementBytes: 2,
      entries: [
        Self.entry(.keys, .gather(rowBytes: 128), rows, rows),
        Self.entry(.values, .gather(rowBytes: 128), rows, rows),
        Self.entry(.keys, .gather(rowBytes: 128), rows, rows, tier: .host),
        Self.entry(.values, .gather(rowBytes: 128), rows, rows, tier: .host),
      ], visibleAtEnd: 1000, residentDeviceBytes: 2 * rows + 2000, residentHostBytes: 950 * 256)
    let target = PricedGeometry(
      layers: 1, queryHeads: 1, kvHeads: 1, headDim: 64, elementBytes: 2, context: 4000)
    let (device, host) = shape.residentBytes(target)
    #expect(Self.near(device, 2 * rows * growth + 8000))
    #expect(Self.near(host, 4000 * 256 - 2 * rows * growth))
  }
}

extension [Access] {
  fileprivate var sum: Double { reduce(0) { $0 + $1.bytes + $1.againBytes } }
}
