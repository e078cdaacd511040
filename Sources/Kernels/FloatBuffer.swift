/// 64-byte aligned storage for 32-bit floats, zero at first.
///
/// Shared by reference. Whoever fills it must have finished before another thread reads it; the
/// replay hands a buffer over only through a lock, which is why it may be `Sendable`.
public final class FloatBuffer: @unchecked Sendable {
  public let count: Int
  public let pointer: UnsafeMutablePointer<Float>
  private let memory: any FloatMemory

  public convenience init(count: Int) {
    self.init(count: count, memory: ZeroedMemory(byteCount: max(count, 1) * 4))
  }

  /// Storage that others may go on from by ``forked()`` for the price of what they write.
  public static func forkable(count: Int) -> FloatBuffer {
    let bytes = max(count, 1) * 4
    return FloatBuffer(
      count: count, memory: ForkableMemory(byteCount: bytes) ?? ZeroedMemory(byteCount: bytes))
  }

  private init(count: Int, memory: any FloatMemory) {
    self.count = count
    self.memory = memory
    pointer = memory.start.bindMemory(to: Float.self, capacity: max(count, 1))
  }

  /// Storage that begins as this one is now and is written apart from it. This one must not be written any more.
  public func forked() -> FloatBuffer {
    if let memory = (memory as? ForkableMemory)?.forked() { return FloatBuffer(count: count, memory: memory) }
    let copy = FloatBuffer(count: count)
    copy.pointer.update(from: pointer, count: count)
    return copy
  }

  public var values: UnsafeMutableBufferPointer<Float> { .init(start: pointer, count: count) }

  public subscript(index: Int) -> Float {
    get { values[index] }
    set { values[index] = newValue }
  }
}

/// Aligned bytes that live as long as the object.
protocol FloatMemory: AnyObject {
  var start: UnsafeMutableRawPointer { get }
}

extension ZeroedMemory: FloatMemory {}
