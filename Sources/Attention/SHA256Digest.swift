#if canImport(CryptoKit)
  import CryptoKit
#else
  import CLibcrypto
#endif

/// SHA-256 (FIPS 180-4) of bytes as they come, by the system's own library.
public final class SHA256Digest {
  #if canImport(CryptoKit)
    private var state = SHA256()
  #else
    private let state: OpaquePointer
  #endif

  public init() {
    #if !canImport(CryptoKit)
      guard let state = EVP_MD_CTX_new(), EVP_DigestInit_ex(state, EVP_sha256(), nil) == 1 else {
        preconditionFailure("libcrypto has no SHA-256, or there is no memory for its state")
      }
      self.state = state
    #endif
  }

  #if !canImport(CryptoKit)
    deinit { EVP_MD_CTX_free(state) }
  #endif

  /// Adds bytes to those that came before.
  public func update(_ bytes: UnsafeRawBufferPointer) {
    #if canImport(CryptoKit)
      state.update(bufferPointer: bytes)
    #else
      let isTaken = EVP_DigestUpdate(state, bytes.baseAddress, bytes.count) == 1
      precondition(isTaken, "libcrypto takes bytes as long as its digest is not final")
    #endif
  }

  public func update(_ bytes: some Sequence<UInt8>) { Array(bytes).withUnsafeBytes(update) }

  /// Of all bytes that came until now, in lower-case hexadecimal: what `sha256sum` prints.
  public var hex: String {
    #if canImport(CryptoKit)
      return Self.hex(state.finalize())
    #else
      // Of a copy, since the state of a final digest takes no more bytes.
      let copy = SHA256Digest()
      var digest = [UInt8](repeating: 0, count: 32)
      let isDone =
        EVP_MD_CTX_copy_ex(copy.state, state) == 1 && EVP_DigestFinal_ex(copy.state, &digest, nil) == 1
      precondition(isDone, "libcrypto copies a state that it made")
      return Self.hex(digest)
    #endif
  }

  private static func hex(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// Of some bytes, in lower-case hexadecimal.
  public static func hex(of bytes: some Sequence<UInt8>) -> String {
    let digest = SHA256Digest()
    digest.update(bytes)
    return digest.hex
  }
}
