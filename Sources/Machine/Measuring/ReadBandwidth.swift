import Kernels

/// How fast one thread of this machine reads memory that no cache holds.
public enum ReadBandwidth {
  /// Where the system does not say how large its cache is, this is taken to be beyond it.
  public static let assumedCacheBytes = 32 << 20

  /// Bytes that are surely beyond the last-level cache, at most 512 MiB.
  public static func coldBytes(of machine: HostMachine = .current) -> Int {
    min(4 * (machine.lastLevelCacheBytes ?? assumedCacheBytes), 512 << 20)
  }

  /// Bytes per second: the median of `repeats` reads of a buffer larger than the caches.
  public static func measure(_ kernels: Kernels, repeats: Int = 7) -> Double {
    let bytes = coldBytes() / 256 * 256
    let buffer = FloatBuffer(count: bytes / 4)
    // Written once, so that every page is a page of its own and not the shared zero page.
    buffer.values.update(repeating: 1)
    let clock = ContinuousClock()
    var sink: UInt64 = 0
    let rates = (0..<max(repeats, 1)).map { _ in
      let elapsed = clock.measure { sink &+= kernels.readAll(UnsafeRawBufferPointer(buffer.values)) }
      return Double(bytes) / elapsed.seconds
    }
    withExtendedLifetime(sink) {}
    return rates.sorted()[rates.count / 2]
  }
}

extension Duration {
  /// As a fraction of seconds.
  public var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }

  /// Whole nanoseconds.
  public var nanoseconds: Int {
    Int(components.seconds) * 1_000_000_000 + Int(components.attoseconds / 1_000_000_000)
  }
}
