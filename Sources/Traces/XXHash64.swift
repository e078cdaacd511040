/// XXH64 with seed 0, the hash of zstd's checksums, taken piece by piece.
///
/// libzstd computes it for its own frames but does not export it, and a seek table may have checksums of frames that have
/// none. https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
struct XXHash64 {
  private static let primes: (UInt64, UInt64, UInt64, UInt64, UInt64) = (
    0x9E37_79B1_85EB_CA87, 0xC2B2_AE3D_27D4_EB4F, 0x1656_67B1_9E37_79F9, 0x85EB_CA77_C2B2_AE63,
    0x27D4_EB2F_1656_67C5
  )
  private static let stripe = 32

  private var lanes: (UInt64, UInt64, UInt64, UInt64) = (
    primes.0 &+ primes.1, primes.1, 0, 0 &- primes.0
  )
  /// What does not fill a stripe yet.
  private var rest: [UInt8] = []
  private var length: UInt64 = 0

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    length &+= UInt64(bytes.count)
    var bytes = bytes[...]
    if !rest.isEmpty {
      let needed = Self.stripe - rest.count
      rest += bytes.prefix(needed)
      bytes = bytes.dropFirst(needed)
      if rest.count < Self.stripe { return }
      rest.withUnsafeBytes { take($0) }
      rest.removeAll(keepingCapacity: true)
    }
    let whole = bytes.count / Self.stripe * Self.stripe
    take(UnsafeRawBufferPointer(rebasing: bytes.prefix(whole)))
    rest += bytes.dropFirst(whole)
  }

  /// The lowest 32 bits of the hash so far: what zstd stores.
  var checksum: UInt32 {
    let p = Self.primes
    var hash: UInt64
    if length >= UInt64(Self.stripe) {
      hash =
        Self.rotated(lanes.0, 1) &+ Self.rotated(lanes.1, 7) &+ Self.rotated(lanes.2, 12)
        &+ Self.rotated(lanes.3, 18)
      for lane in [lanes.0, lanes.1, lanes.2, lanes.3] {
        hash = (hash ^ Self.round(0, lane)) &* p.0 &+ p.3
      }
    } else {
      hash = p.4
    }
    hash &+= length
    var position = 0
    while position + 8 <= rest.count {
      hash = Self.rotated(hash ^ Self.round(0, rest.littleEndian(at: position, count: 8)), 27) &* p.0 &+ p.3
      position += 8
    }
    if position + 4 <= rest.count {
      hash = Self.rotated(hash ^ rest.littleEndian(at: position, count: 4) &* p.0, 23) &* p.1 &+ p.2
      position += 4
    }
    for byte in rest[position...] { hash = Self.rotated(hash ^ UInt64(byte) &* p.4, 11) &* p.0 }
    hash = (hash ^ hash >> 33) &* p.1
    hash = (hash ^ hash >> 29) &* p.2
    return UInt32(truncatingIfNeeded: hash ^ hash >> 32)
  }

  /// Whole stripes.
  private mutating func take(_ bytes: UnsafeRawBufferPointer) {
    for start in stride(from: 0, to: bytes.count, by: Self.stripe) {
      func word(_ index: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: start + 8 * index, as: UInt64.self))
      }
      lanes.0 = Self.round(lanes.0, word(0))
      lanes.1 = Self.round(lanes.1, word(1))
      lanes.2 = Self.round(lanes.2, word(2))
      lanes.3 = Self.round(lanes.3, word(3))
    }
  }

  private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
    rotated(lane &+ word &* primes.1, 31) &* primes.0
  }

  private static func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 {
    value << count | value >> (64 - count)
  }
}
