import Attention
import CZstd
import Foundation
import Pricing

/// The text of a table of measurements: a CSV as it is, or compressed by zstd under a name that ends in `.zst`.
enum MeasurementText {
  /// More than any table has, and little enough that no small file fills the memory.
  private static let limit = 1 << 30

  /// - Throws: `PricingError` where the file cannot be read, or is compressed in another way.
  static func data(_ path: String) throws -> Data {
    guard !path.lowercased().hasSuffix(".gz") else {
      throw PricingError(
        path, expected: "a table as .csv or .csv.zst", found: "one that gzip compressed",
        advice: "unpack it with gunzip")
    }
    guard let stored = WholeFile.data(path) else {
      throw PricingError(
        path, expected: "a table of measurements", found: "no file that can be read",
        advice: "name another file")
    }
    return path.lowercased().hasSuffix(".zst") ? try unpacked(stored, path) : stored
  }

  private static func unpacked(_ stored: Data, _ path: String) throws -> Data {
    func damaged(_ found: String) -> PricingError {
      PricingError(path, expected: "whole zstd frames", found: found, advice: "copy or compress it again")
    }
    guard let context = ZSTD_createDCtx() else {
      throw PricingError(path, expected: "memory for a zstd decoder", found: "none left")
    }
    defer { ZSTD_freeDCtx(context) }
    var content = Data()
    var piece = [UInt8](repeating: 0, count: ZSTD_DStreamOutSize())
    try stored.withUnsafeBytes { bytes in
      var source = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
      var left = 1
      while true {
        let count = try piece.withUnsafeMutableBytes { room in
          var output = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
          left = ZSTD_decompressStream(context, &output, &source)
          if ZSTD_isError(left) != 0 { throw damaged("\"\(String(cString: ZSTD_getErrorName(left)))\"") }
          return output.pos
        }
        content.append(contentsOf: piece[..<count])
        guard content.count <= limit else { throw damaged("more than \(limit) bytes of content") }
        // Without input the decoder may still hold content, but not for ever.
        if source.pos == source.size, left == 0 || count < piece.count { break }
      }
      guard left == 0 else { throw damaged("the end of the file within one") }
    }
    return content
  }
}
