import Foundation

/// FUZZ_READER names the reader: libFuzzer keeps the command line for itself.
let reader: Reader = {
  let name = ProcessInfo.processInfo.environment["FUZZ_READER"] ?? ""
  guard let reader = Reader(rawValue: name) else {
    let known = Reader.allCases.map(\.rawValue).joined(separator: ", ")
    FileHandle.standardError.write(Data("FUZZ_READER: expected one of \(known), found '\(name)'\n".utf8))
    exit(64)
  }
  return reader
}()

@_cdecl("fz_one") func one(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  reader.read(UnsafeBufferPointer(start: bytes, count: count))
  return 0
}
