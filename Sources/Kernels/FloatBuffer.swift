/// 64-byte aligned storage for 32-bit floats, zero at first.
///
/// Shared by reference. Whoever fills it must have finished before another thread reads it; the
/// replay hands a buffer over only through a lock, which is why it may be `Sendable`.
public final class FloatBuffer: @unchecked Sendable {
  public let count: Int
  public let pointer: UnsafeMutablePointer<Float>
  private let memory: ZeroedMemory

  public init(count: Int) {
    self.count = count
    memory = ZeroedMemory(byteCount: max(count, 1) * 4)
    pointer = memory.start.bindMemory(to: Float.self, capacity: max(count, 1))
  }

  public var values: UnsafeMutableBufferPointer<Float> { .init(start: pointer, count: count) }

  public subscript(index: Int) -> Float {
    get { values[index] }
    set { values[index] = newValue }
  }
}
