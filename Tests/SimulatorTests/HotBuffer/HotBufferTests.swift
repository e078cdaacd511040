import Attention
import TestSupport
import Testing

@testable import Simulator

/// What a buffer on the device finds of a cache on the host.
@Suite struct HotBufferTests {
  static func steps(_ label: String, _ chosen: [[Int32]], prompt: Int = 0, newest: [Int]? = nil) throws
    -> [HotBufferStep]
  {
    let buffer = try #require(HotBuffer(label))
    return HotBufferRun.steps(
      buffer, chosen: chosen, newest: newest ?? chosen.map { _ in 1 << 20 }, prompt: prompt)
  }

  static func misses(_ label: String, _ chosen: [[Int32]], prompt: Int = 0) throws -> [Int] {
    try steps(label, chosen, prompt: prompt).map(\.misses)
  }

  @Test func aLabelIsReadAsItIsWritten() {
    for text in ["4096", "64,clock", "64,page=16", "7,belady,start=empty", "64,fifo,page=16,start=empty"] {
      #expect(HotBuffer(text)?.label == text)
    }
    for text in ["", "0", "-1", "x", "64,arc", "64,page=65", "64,page=0", "64,start=last", "64,lru=2", "64,"]
    {
      #expect(HotBuffer(text) == nil, "\(text)")
    }
  }

  /// One page a step, as the textbooks' strings: Belady's own example for FIFO, whose misses grow with the room.
  @Test func oneAtATimeIsAsInTheTextbook() throws {
    let string: [[Int32]] = [1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5].map { [$0] }
    func total(_ label: String) throws -> Int { try Self.misses(label + ",start=empty", string).reduce(0, +) }
    #expect(try total("3,fifo") == 9)
    #expect(try total("4,fifo") == 10)
    #expect(try total("3,lru") == 10)
    #expect(try total("4,lru") == 8)
    #expect(try total("3,belady") == 7)
    #expect(try total("4,belady") == 6)
  }

  @Test func whatAStepReadsStays() throws {
    // 1 is the oldest and read now: 2 goes for 4.
    #expect(try Self.misses("3,fifo,start=empty", [[1, 2, 3], [1, 4], [1], [2]]) == [3, 1, 0, 1])
  }

  /// Of one step's rows those that were there count as read after those that came.
  @Test func hitsAreYoungerThanMisses() throws {
    // 1 is a hit of the second step, 3 a miss: 2 goes for 4, then 3 before 1.
    #expect(
      try Self.misses("3,start=empty", [[1, 2], [1, 3], [4], [5], [1], [3]]) == [2, 1, 1, 1, 0, 1])
  }

  @Test func theHandSparesWhatWasReadOnce() throws {
    // 1 was read again: the hand spares it and takes 2.
    #expect(
      try Self.misses("3,clock,start=empty", [[1], [2], [3], [1], [4], [1], [2]]) == [1, 1, 1, 0, 1, 0, 1])
  }

  @Test func whatIsReadOftenStays() throws {
    #expect(try Self.misses("2,lfu,start=empty", [[1], [1], [2], [3], [1]]) == [1, 0, 1, 1, 0])
  }

  @Test func itBeginsWithTheFirstTokens() throws {
    #expect(try Self.misses("4", [[0, 3, 4]], prompt: 10) == [1])
    #expect(try Self.misses("4,page=2", [[0, 3, 4]], prompt: 3) == [2])
    #expect(try Self.misses("4,start=empty", [[0, 3, 4]], prompt: 10) == [3])
  }

  @Test func theNewestTokenIsReadWhereItWasMadeAndThenFromTheHost() throws {
    #expect(
      try Self.steps("4,start=empty", [[10], [10, 11], [10]], newest: [10, 11, 12])
        == [.init(hits: 0, misses: 0), .init(hits: 0, misses: 1), .init(hits: 1, misses: 0)])
  }

  @Test func pagesComeWhole() throws {
    #expect(try Self.misses("8,page=4,start=empty", [[0, 1, 5], [2, 3, 6], [9], [1]]) == [2, 0, 1, 1])
  }

  @Test func whatHasNoRoomGoesBy() throws {
    #expect(try Self.misses("2,start=empty", [[1, 2, 3, 4], [1, 2, 3]]) == [4, 1])
  }

  /// Against a search through every way to choose what goes, on small sequences.
  @Test(arguments: 0..<40) func noneBeatsTheBound(seed: UInt64) throws {
    var random = SeededRandom(seed)
    let sequence: [[Int32]] = (0..<7).map { _ in
      Array(Set((0..<1 + random.below(2)).map { _ in Int32(random.below(5)) })).sorted()
    }
    let bound = try Self.misses("3,belady,start=empty", sequence).reduce(0, +)
    #expect(bound == Self.fewest(sequence[...], resident: [], room: 3))
    for other in ["lru", "clock", "fifo", "lfu"] {
      #expect(try Self.misses("3,\(other),start=empty", sequence).reduce(0, +) >= bound)
    }
  }

  static func fewest(_ sequence: ArraySlice<[Int32]>, resident: Set<Int32>, room: Int) -> Int {
    guard let step = sequence.first else { return 0 }
    let all = resident.union(step)
    let missing = all.count - resident.count
    // Every set of the room's size that holds the step's pages.
    let others = all.subtracting(step).sorted()
    let free = max(0, room - step.count)
    let best = (0..<1 << others.count).filter { $0.nonzeroBitCount <= free }.map { bits in
      let kept = others.indices.filter { bits >> $0 & 1 == 1 }.map { others[$0] }
      return fewest(sequence.dropFirst(), resident: Set(step).union(kept), room: room)
    }
    return missing + (best.min() ?? 0)
  }
}
