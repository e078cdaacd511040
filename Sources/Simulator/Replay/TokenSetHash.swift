/// FNV-1a over a set's tokens in ascending order: ties the digest to the sets themselves.
enum TokenSetHash {
  static func hash(_ tokens: UnsafeBufferPointer<Int32>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for token in tokens {
      hash ^= UInt64(UInt32(bitPattern: token))
      hash &*= 0x0000_0100_0000_01b3
    }
    return hash
  }
}
