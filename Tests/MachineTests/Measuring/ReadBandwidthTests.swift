import Kernels
import Testing

@testable import Machine

@Suite struct ReadBandwidthTests {
  static func machine(cache: Int?) -> HostMachine {
    HostMachine(
      processor: "p", cores: 1, memoryBytes: 1 << 30, lastLevelCacheBytes: cache, instructionSets: [.portable]
    )
  }

  @Test(arguments: [(1, 4), (16, 64), (128, 512), (1024, 512), (nil, 128)] as [(Int?, Int)])
  func coldMemoryIsFourCachesAtMost512MiB(cache: Int?, mebibytes: Int) {
    let machine = Self.machine(cache: cache.map { $0 << 20 })
    #expect(ReadBandwidth.coldBytes(of: machine) == mebibytes << 20)
  }

  @Test func aMeasurementIsANumberOfBytesPerSecond() throws {
    let rate = ReadBandwidth.measure(try Kernels(), repeats: 1)
    #expect(rate.isFinite && rate > 0)
  }

  static let durations: [(Duration, Double, Int)] = [
    (.seconds(2), 2, 2_000_000_000), (.milliseconds(1500), 1.5, 1_500_000_000), (.nanoseconds(7), 7e-9, 7),
    (.zero, 0, 0), (Duration(secondsComponent: 1, attosecondsComponent: 999_999_999), 1, 1_000_000_000),
    (.milliseconds(-250), -0.25, -250_000_000),
  ]

  @Test(arguments: durations)
  func durationsConvert(duration: Duration, seconds: Double, nanoseconds: Int) {
    #expect(abs(duration.seconds - seconds) <= 2e-9)
    #expect(duration.nanoseconds == nanoseconds)
  }
}
