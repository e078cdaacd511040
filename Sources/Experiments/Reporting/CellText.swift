import Foundation

/// The cells of heat maps as text, two characters a cell, for colours and two significant digits.
///
/// A cell is 12 bits, in the characters of Base64: 0 is zero, 4095 undefined, and any other code `c` is 2 to the power of
/// (c − 2814) / 128, so that 1 and other powers of two are exact, all others within 0.3 %, from 2.4e-7 to 1,024; what lies
/// outside is at the nearest end. The page's `data.js` reads it.
enum CellText {
  private static let characters = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let undefined = 4095
  private static let one = 2814.0
  private static let codesPerOctave = 128.0

  static func of(_ values: [Double?]) -> String {
    String(
      decoding: values.flatMap { value in
        let code = code(value)
        return [characters[code >> 6], characters[code & 63]]
      }, as: UTF8.self)
  }

  static func code(_ value: Double?) -> Int {
    guard let value, value >= 0 else { return undefined }
    if value == 0 { return 0 }
    return Int(min(max(one + codesPerOctave * log2(value), 1), Double(undefined - 1)).rounded())
  }
}
