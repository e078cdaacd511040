import CZstd
import Simulator

/// One frame of zstd, of bytes that are in memory as a whole.
enum ZstdFrame {
  /// - Parameters:
  ///   - place: what is compressed, as an error shall name it.
  ///   - level: zstd's, of which higher ones take longer.
  /// - Throws: `ReplayError` where zstd cannot, for want of memory.
  static func compressed(_ bytes: [UInt8], level: Int32 = 3, place: String) throws -> [UInt8] {
    let capacity = ZSTD_compressBound(bytes.count)
    var code = 0
    let result = [UInt8](unsafeUninitializedCapacity: capacity) { room, count in
      code = ZSTD_compress(room.baseAddress, capacity, bytes, bytes.count, level)
      count = ZSTD_isError(code) == 0 ? code : 0
    }
    guard ZSTD_isError(code) == 0 else {
      throw ReplayError(
        place, expected: "to compress it", found: String(cString: ZSTD_getErrorName(code)))
    }
    return result
  }
}
