import Attention
import Testing

@testable import Pricing

@Suite struct StepShapeTests {
  private static func near(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-9 * abs(b) }

  private static func entry(
    _ stage: Stage, _ kernel: KernelKind, _ content: TrafficContent, _ perHead: Double = 0,
    _ union: Double = 0, written: Double = 0, tier: MemoryTier = .device
  ) -> StepShape.Entry {
    .init(
      operation: DecodeOperation(
        stage, kernel, content, rowBytes: 128, pattern: kernel == .gather ? .gather(rowBytes: 128) : .stream,
        tier: tier), readPerHead: perHead, readGroupUnion: union, written: written)
  }

  /// 4 heads of a KV head, 64 channels of 2 bytes, 1,000 tokens of which 100 are chosen; unions of 250.
  private static func shape(_ kind: PolicyKind = .selection, budget: Budget? = .tokens(100))
    -> StepShape
  {
    StepShape(
      policyKind: kind, budget: budget, prefetches: false, visible: 1000, selected: 100, groupSize: 4,
      headDim: 64, valueDim: 64,
      elementBytes: 2,
      entries: [
        entry(.attend, .gather, .keys, 400 * 128, 250 * 128), entry(.upkeep, .append, .keys, written: 128),
        entry(.attend, .gather, .values, 400 * 128, 250 * 128),
        entry(.upkeep, .append, .values, written: 128),
        entry(.score, .vectors, .metadata, 4 * 32_000, 32_000),
        entry(.upkeep, .append, .metadata, written: 32),
        entry(.score, .vectors, .scores, written: 16_000), entry(.select, .select, .scores, 16_000, 16_000),
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

  /// A key, a value and a row of metadata of 128, 128 and 32 bytes for each of two KV heads, however long the context.
  @Test func whatANewTokenWritesStays() {
    var longer = Self.own
    for context in [1000.0, 4000] {
      longer.context = context
      #expect(Self.near(Self.shape().load(longer, reading: .groupUnion).upkeep.sum, 2 * 288))
    }
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
    (wider.headDim, wider.valueDim) = (128, 128)
    let load = Self.shape().load(wider, reading: .perHead)
    #expect(load.attend.allSatisfy { $0.pieceBytes == 256 })
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

  /// A stage is what the operation says, whatever moves: keys are scored by one policy and attended to by another.
  @Test func stagesAreThoseOfTheOperations() {
    let shape = StepShape(
      policyKind: .selection, budget: .tokens(1), prefetches: false, visible: 10, selected: 1, groupSize: 1,
      headDim: 64, valueDim: 64, elementBytes: 2,
      entries: [
        Self.entry(.score, .rows, .keys, 1280, 1280), Self.entry(.attend, .gather, .keys, 128, 128),
        Self.entry(.upkeep, .gather, .keys, 256, 256, tier: .host),
      ], visibleAtEnd: 10, residentDeviceBytes: 1, residentHostBytes: 0)
    var own = Self.own
    (own.kvHeads, own.queryHeads, own.context) = (1, 1, 10)
    let load = shape.load(own, reading: .groupUnion)
    #expect(load.score.map(\.bytes) == [1280])
    #expect(load.attend.map(\.bytes) == [128])
    #expect(load.upkeep.map(\.bytes) == [256] && load.upkeep[0].isOnHost)
  }

  /// A matrix is as large at any context, token numbers are as many as are chosen, and numbers of few bits do not change with
  /// the cache's type.
  @Test func whatGrowsIsSaidByTheKernel() {
    let shape = Self.shape()
    var target = Self.own
    (target.context, target.elementBytes) = (4000, 1)
    let growth = Growth(shape, target)
    #expect(growth.read(Self.entry(.score, .matrix, .metadata)) == 0.5)
    #expect(growth.read(Self.entry(.select, .list, .metadata)) == 1)
    #expect(growth.read(Self.entry(.score, .vectors, .metadata)) == 2)
    let rounded = StepShape.Entry(
      operation: DecodeOperation(.score, .lowBit, .metadata, rowBytes: 36, bits: 4), readPerHead: 36,
      readGroupUnion: 36, written: 0)
    #expect(growth.read(rounded) == 4)
    #expect(growth.numberBytes(rounded) == 0.5)
  }

  /// Four devices of two KV heads hold one each, and a quarter of the query heads.
  @Test func devicesShareHeads() {
    let shared = Self.own.shared(by: 4)
    #expect(shared.kvHeads == 1 && shared.queryHeads == 2 && shared.context == 1000)
    #expect(Self.own.shared(by: 1) == Self.own)
  }

  /// Values that are channels of the keys take no bytes of their own, and as many operations.
  @Test func latentRowsAreReadOnce() {
    var latent = Self.own
    latent.sharesValues = true
    let (apart, once) = (
      Self.shape().load(Self.own, reading: .groupUnion), Self.shape().load(latent, reading: .groupUnion)
    )
    #expect(Self.near(once.attend.sum, apart.attend.sum / 2))
    #expect(once.attendOperations == apart.attendOperations)
    #expect(Self.shape().residentBytes(latent).device < Self.shape().residentBytes(Self.own).device)
    #expect(!Self.shape().isOfWholeRows)
  }

  @Test func aPriceIsOfTheKernelsThatItNeeds() {
    #expect(Self.shape().priceKind == .tokens)
    func kind(_ entries: [StepShape.Entry]) -> PriceKind {
      StepShape(
        policyKind: .selection, budget: nil, prefetches: false, visible: 1000, selected: 100, groupSize: 4,
        headDim: 64, valueDim: 64, elementBytes: 2, entries: entries, visibleAtEnd: 1000,
        residentDeviceBytes: 1, residentHostBytes: 0
      ).priceKind
    }
    let streamed = Self.entry(.attend, .stream, .values, 100, 25)
    #expect(kind([streamed]) == .dense)
    let page = StepShape.Entry(
      operation: DecodeOperation(
        .attend, .gather, .values, rowBytes: 128, pattern: .gather(rowBytes: 16 * 128)),
      readPerHead: 100, readGroupUnion: 25, written: 0)
    #expect(kind([page]) == .pages)
    #expect(kind([page, Self.entry(.attend, .gather, .keys, 1, 1, tier: .host)]) == .others)
    #expect(kind([page, Self.entry(.score, .codes, .metadata, 1, 1)]) == .others)
  }

  /// Values may be of another width than keys.
  @Test func valuesFollowTheirOwnWidth() {
    var wider = Self.own
    wider.valueDim = 256
    let growth = Growth(Self.shape(), wider)
    #expect(growth.read(Self.entry(.attend, .gather, .values)) == 4)
    #expect(growth.read(Self.entry(.attend, .gather, .keys)) == 1)
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
      headDim: 64, valueDim: 64, elementBytes: 2,
      entries: [
        Self.entry(.attend, .gather, .values, 80 * 128, 80 * 128),
        Self.entry(.attend, .stream, .values, 200 * 128, 200 * 128),
        Self.entry(.score, .rows, .keys, 200 * 128, 200 * 128),
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
      headDim: 64, valueDim: 64, elementBytes: 2, entries: [], visibleAtEnd: 1000, residentDeviceBytes: 1,
      residentHostBytes: 0)
    #expect(all.selected(at: 65_536) == 8192)
    #expect(all.selected(at: 4000) == 4000)
  }

  /// 50 of 100 chosen rows lie on the device whatever the query: at four times the context they are as many, where all else
  /// grows; a share of the context grows too.
  @Test(arguments: [(Budget.tokens(100), 1.0), (.share(0.1), 4.0)]) func whatIsKeptGrowsWithWhatIsChosen(
    budget: Budget, growth: Double
  ) {
    let rows = 50.0 * 128
    let shape = StepShape(
      policyKind: .selection, budget: budget, prefetches: false, visible: 1000, selected: 100, groupSize: 1,
      headDim: 64, valueDim: 64, elementBytes: 2,
      entries: [
        Self.entry(.attend, .gather, .keys, rows, rows),
        Self.entry(.attend, .gather, .values, rows, rows),
        Self.entry(.attend, .gather, .keys, rows, rows, tier: .host),
        Self.entry(.attend, .gather, .values, rows, rows, tier: .host),
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
