import CKernels

/// What this machine can do at most, under one instruction set.
extension Kernels {
  /// Reads all of `bytes` (a multiple of 256) once and returns a value that depends on it.
  public func readAll(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    precondition(bytes.count % 256 == 0)
    guard let start = bytes.baseAddress else { return 0 }
    return table.read_all(start, bytes.count)
  }

  /// Independent multiply-adds in registers, `rounds` times a few dozen vectors.
  ///
  /// - Returns: floating-point operations done, two a multiply-add.
  public func multiplyAdds(rounds: Int) -> Int {
    var sink: Float = 0
    let operations = table.multiply_adds(rounds, &sink)
    return withExtendedLifetime(sink) { Int(operations) }
  }
}
