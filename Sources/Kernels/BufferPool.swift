/// Buffers that one worker uses again and again, so that a block's matrices cost no page faults. Not
/// for sharing between threads.
public final class BufferPool {
  private var free: [Int: [FloatBuffer]] = [:]

  public init() {}

  /// A buffer of `count` floats with whatever its last user left in it.
  public func take(_ count: Int) -> FloatBuffer {
    free[count]?.popLast() ?? FloatBuffer(count: count)
  }

  public func giveBack(_ buffer: FloatBuffer) { free[buffer.count, default: []].append(buffer) }
}
