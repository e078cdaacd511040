import Foundation

extension JSONDecoder {
  /// Of what commands print, whose members have the database's names.
  static var ofTheDatabase: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return decoder
  }
}
