import Testing

@testable import Attention

@Suite struct SplitMix64Tests {
  /// The first outputs of the authors' splitmix64.c for these seeds, as published test vectors.
  static let published: [(seed: UInt64, outputs: [UInt64])] = [
    (
      1_234_567,
      [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
        4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
      ]
    ),
    (0, [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f]),
  ]

  @Test(arguments: published) func publishedValues(seed: UInt64, expected: [UInt64]) {
    var generator = SplitMix64(seed: seed)
    #expect(expected.map { _ in generator.next() } == expected)
  }

  @Test func everyCoordinateMatters() {
    var first: Set<UInt64> = []
    for coordinates in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (0, 1, 1)] {
      var generator = SplitMix64(seed: 7, coordinates.0, coordinates.1, coordinates.2)
      first.insert(generator.next())
    }
    var otherSeed = SplitMix64(seed: 8, 0, 0, 0)
    first.insert(otherSeed.next())
    #expect(first.count == 7)
  }

  @Test func samplesAreDistinctAscendingAndInRange() {
    var generator = SplitMix64(seed: 1)
    for count in 0...20 {
      let sample = generator.sample(count, of: 100..<120)
      #expect(sample.count == count)
      #expect(sample == Set(sample).sorted())
      #expect(sample.allSatisfy { (100..<120).contains($0) })
    }
    #expect(generator.sample(0, of: 5..<5) == [])
  }

  /// Every 3 of 6 tokens is drawn equally often: 1000 expected, standard deviation 31.
  @Test func everySubsetIsEquallyLikely() {
    var generator = SplitMix64(seed: 2)
    var counts: [[Int]: Int] = [:]
    for _ in 0..<20_000 { counts[generator.sample(3, of: 0..<6), default: 0] += 1 }
    #expect(counts.count == 20)
    #expect(counts.values.allSatisfy { (850...1150).contains($0) })
  }
}
