import CFasaLive
import Experiments
import Live
import Policies
import Simulator

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A session as callers hold it, with the line about the last call that was refused.
final class Handle {
  let session: LiveSession
  private var line: UnsafeMutablePointer<CChar>?

  init(_ session: LiveSession) { self.session = session }

  deinit { free(line) }

  var error: UnsafePointer<CChar>? { line.map { UnsafePointer($0) } }

  /// Does what a call asks; what it throws becomes a code and the line.
  func call(_ body: (LiveSession) throws -> Void) -> Int32 {
    free(line)
    line = nil
    do {
      try body(session)
      return Int32(FASA_OK)
    } catch {
      line = strdup("\(error)")
      return Code.of(error)
    }
  }

  static func of(_ pointer: OpaquePointer?) -> Handle? {
    pointer.map { Unmanaged<Handle>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
  }

  var pointer: OpaquePointer { OpaquePointer(Unmanaged.passRetained(self).toOpaque()) }
}

/// Numbers that callers tell errors apart by.
enum Code {
  static func of(_ error: any Error) -> Int32 {
    switch error {
    case let error as LiveError:
      switch error.kind {
      case .invalid: Int32(FASA_INVALID)
      case .outOfTurn: Int32(FASA_OUT_OF_TURN)
      case .unfit: Int32(FASA_UNFIT)
      case .overflow: Int32(FASA_OVERFLOW)
      }
    case is PolicyError: Int32(FASA_INVALID)
    case is ReplayError: Int32(FASA_UNFIT)
    default: Int32(FASA_FILE)
    }
  }
}

/// Does what a call without a session asks; what it throws becomes a code and a text to be freed.
func answering(
  _ error: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ body: () throws -> Void
) -> Int32 {
  do {
    try body()
    return Int32(FASA_OK)
  } catch let failure {
    error?.pointee = strdup("\(failure)")
    return Code.of(failure)
  }
}

/// Gives a text to the caller, who frees it.
func give(_ text: String, _ place: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) throws {
  guard let place else {
    throw LiveError(.invalid, "json", expected: "where to put the text", found: "null")
  }
  place.pointee = strdup(text)
}
