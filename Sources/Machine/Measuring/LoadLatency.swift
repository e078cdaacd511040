import Attention
import Kernels

/// How long one load waits for memory when nothing else is under way.
public enum LoadLatency {
  /// Nanoseconds: a walk through lines of memory in an order that no prefetcher guesses, each naming the next.
  public static func measure(bytes: Int = ReadBandwidth.coldBytes()) -> Double {
    let lines = bytes / 64
    let words = UnsafeMutablePointer<UInt64>.allocate(capacity: lines * 8)
    defer { words.deallocate() }
    // Sattolo's shuffle: one cycle through all lines.
    var order = Array(0..<lines)
    var draws = SplitMix64(seed: 1)
    for last in stride(from: lines - 1, to: 0, by: -1) {
      order.swapAt(last, Int(draws.next() % UInt64(last)))
    }
    for place in 0..<lines { words[order[place] * 8] = UInt64(order[(place + 1) % lines] * 8) }
    let steps = 400_000
    let times = (0..<5).map { round in
      var place = UInt64(order[round * 1000 % lines] * 8)
      let elapsed = ContinuousClock().measure {
        for _ in 0..<steps { place = words[Int(place)] }
      }
      // The walk's end is used, so that it is walked.
      withExtendedLifetime(place) {}
      return (elapsed.seconds + Double(place & 1) * 1e-18) * 1e9 / Double(steps)
    }
    return Quantity(times).median
  }
}
