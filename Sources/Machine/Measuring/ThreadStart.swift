/// What it takes to start threads and to wait for them all, while they have nothing to do.
public enum ThreadStart {
  /// Median seconds.
  public static func measure(threads: Int) -> Double { ParallelRounds(threads: threads).time { _ in }.median }
}
