import Foundation

/// Writing to the two standard streams.
enum Output {
  /// A note for people, beside the result.
  static func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

  static func json(_ value: some Encodable) throws {
    print(try FiniteJSON.text(value, .prettyPrinted))
  }
}
