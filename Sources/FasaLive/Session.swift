import CFasaLive
import Experiments
import Live

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// The functions of the header, which says what each does.

@c @implementation
public func fasa_abi() -> UInt32 { 1 }

private nonisolated(unsafe) let version = strdup(ToolVersion.current)

@c @implementation
public func fasa_version() -> UnsafePointer<CChar>? { version.map { UnsafePointer($0) } }

@c @implementation
public func fasa_open(
  _ description: UnsafePointer<CChar>?, _ session: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
  answering(error) {
    guard let session else {
      throw LiveError(.invalid, "session", expected: "where to put the session", found: "null")
    }
    session.pointee = Handle(try Description.read(description, "description").session()).pointer
  }
}

@c @implementation
public func fasa_prompt(
  _ session: OpaquePointer?, _ layer: UInt32, _ tokens: UInt32, _ k: UnsafePointer<Float>?,
  _ v: UnsafePointer<Float>?, _ window: UInt32, _ queries: UnsafePointer<Float>?,
  _ attention: UnsafePointer<Float>?
) -> Int32 {
  guard let handle = Handle.of(session) else { return Int32(FASA_INVALID) }
  return handle.call { session in
    guard let k, let v else {
      throw LiveError(.invalid, "k and v", expected: "the prompt's keys and values", found: "null")
    }
    try session.prompt(
      layer: Int(layer), tokens: Int(tokens), keys: k, values: v, window: Int(window), queries: queries,
      attention: attention)
  }
}

@c @implementation
public func fasa_step(
  _ session: OpaquePointer?, _ layer: UInt32, _ q: UnsafePointer<Float>?, _ k: UnsafePointer<Float>?,
  _ v: UnsafePointer<Float>?, _ out: UnsafeMutablePointer<Float>?
) -> Int32 {
  guard let handle = Handle.of(session) else { return Int32(FASA_INVALID) }
  return handle.call { session in
    guard let q, let k, let v, let out else {
      throw LiveError(.invalid, "q, k, v and out", expected: "arrays", found: "null")
    }
    try session.step(layer: Int(layer), queries: q, keys: k, values: v, into: out)
  }
}

@c @implementation
public func fasa_rewind(_ session: OpaquePointer?) -> Int32 {
  guard let handle = Handle.of(session) else { return Int32(FASA_INVALID) }
  return handle.call { try $0.rewind() }
}

@c @implementation
public func fasa_results(
  _ session: OpaquePointer?, _ json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
  guard let handle = Handle.of(session) else { return Int32(FASA_INVALID) }
  return handle.call { session in
    try give(FiniteJSON.text(ResultsText(session.results(), steps: session.stepsDone), []), json)
  }
}

@c @implementation
public func fasa_error(_ session: OpaquePointer?) -> UnsafePointer<CChar>? { Handle.of(session)?.error }

@c @implementation
public func fasa_free(_ text: UnsafeMutablePointer<CChar>?) { free(text) }

@c @implementation
public func fasa_close(_ session: OpaquePointer?) {
  session.map { Unmanaged<Handle>.fromOpaque(UnsafeRawPointer($0)).release() }
}
