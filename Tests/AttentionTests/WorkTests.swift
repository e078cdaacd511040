import Attention
import Testing

@Suite struct WorkTests {
  static let stream = DecodeOperation(.attend, .stream, .keys, rowBytes: 64)
  static let score = DecodeOperation(.score, .rows, .keys, rowBytes: 64)
  static let gather = DecodeOperation(.attend, .gather, .keys, rowBytes: 64, pattern: .gather(rowBytes: 64))
  static let host = DecodeOperation(.attend, .stream, .keys, rowBytes: 64, tier: .host)

  @Test func chargesOfAnOperationAddUp() {
    var work = Work()
    work.charge(Self.stream, TrafficBytes(readPerHead: 6, readGroupUnion: 2, written: 1))
    work.charge(Self.stream, TrafficBytes(readPerHead: 60, readGroupUnion: 20, written: 10))
    work.charge(Self.gather, TrafficBytes(written: 5))
    #expect(work.operations[Self.stream] == TrafficBytes(readPerHead: 66, readGroupUnion: 22, written: 11))
    #expect(work.total == TrafficBytes(readPerHead: 66, readGroupUnion: 22, written: 16))
    #expect(work.total.perHead == 82 && work.total.groupUnion == 38)
  }

  @Test func mergingIsChargingBoth() {
    var (first, second, both) = (Work(), Work(), Work())
    for (kind, bytes) in [(Self.stream, 3), (Self.host, 4)] {
      first.charge(kind, TrafficBytes(readPerHead: bytes))
      both.charge(kind, TrafficBytes(readPerHead: bytes))
    }
    for (kind, bytes) in [(Self.stream, 5), (Self.gather, 6)] {
      second.charge(kind, TrafficBytes(readPerHead: bytes))
      both.charge(kind, TrafficBytes(readPerHead: bytes))
    }
    first.merge(second)
    #expect(first == both)
  }

  /// Which stage moves bytes is nothing to what they are.
  @Test func bytesAreSummedOverStages() {
    var work = Work()
    work.charge(Self.stream, TrafficBytes(readPerHead: 6, readGroupUnion: 2))
    work.charge(Self.score, TrafficBytes(readPerHead: 60, readGroupUnion: 20))
    work.charge(Self.host, TrafficBytes(written: 1))
    #expect(
      work.bytes == [
        TrafficKind(.keys, .stream): TrafficBytes(readPerHead: 66, readGroupUnion: 22),
        TrafficKind(.keys, .stream, tier: .host): TrafficBytes(written: 1),
      ])
  }

  @Test func operationsAreListedInAFixedOrder() {
    var work = Work()
    for operation in [Self.host, Self.score, Self.stream, Self.gather] {
      work.charge(operation, TrafficBytes(written: 1))
    }
    #expect(
      work.sorted.map(\.operation.sortKey) == [
        "attend gather keys device gather-64 64 16", "attend stream keys device stream 64 16",
        "attend stream keys host stream 64 16", "score rows keys device stream 64 16",
      ])
  }

  /// Nothing moved is no operation.
  @Test func nothingLeavesNoEntry() {
    var work = Work()
    work.charge(Self.stream, TrafficBytes())
    #expect(work.operations.isEmpty && work.sorted.isEmpty)
  }
}
