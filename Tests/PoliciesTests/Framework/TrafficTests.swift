import Policies
import Testing

@Suite struct TrafficTests {
  static let stream = TrafficKind(.keys, .stream)
  static let gather = TrafficKind(.keys, .gather(rowBytes: 64))
  static let host = TrafficKind(.keys, .stream, tier: .host)

  @Test func chargesOfAKindAddUp() {
    var ledger = TrafficLedger()
    ledger.charge(Self.stream, TrafficBytes(readPerHead: 6, readGroupUnion: 2, written: 1))
    ledger.charge(Self.stream, TrafficBytes(readPerHead: 60, readGroupUnion: 20, written: 10))
    ledger.charge(Self.gather, TrafficBytes(written: 5))
    #expect(ledger.bytes[Self.stream] == TrafficBytes(readPerHead: 66, readGroupUnion: 22, written: 11))
    #expect(ledger.total == TrafficBytes(readPerHead: 66, readGroupUnion: 22, written: 16))
    #expect(ledger.total.perHead == 82 && ledger.total.groupUnion == 38)
  }

  @Test func mergingIsChargingBoth() {
    var (first, second, both) = (TrafficLedger(), TrafficLedger(), TrafficLedger())
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

  @Test func kindsAreListedInAFixedOrder() {
    var ledger = TrafficLedger()
    let kinds = [
      TrafficKind(.values, .stream), Self.host, Self.stream, TrafficKind(.metadata, .stream), Self.gather,
    ]
    for kind in kinds { ledger.charge(kind, TrafficBytes(written: 1)) }
    #expect(
      ledger.sorted.map(\.kind.sortKey) == [
        "keys device gather-64", "keys device stream", "keys host stream", "metadata device stream",
        "values device stream",
      ])
  }
}
