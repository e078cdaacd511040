import CFuzz
import Foundation

// FUZZ_READER names the reader: libFuzzer keeps the command line for itself.
private let name = ProcessInfo.processInfo.environment["FUZZ_READER"] ?? ""
guard let reader = Reader(rawValue: name) else {
  FileHandle.standardError.write(
    Data(
      "FUZZ_READER: expected one of \(Reader.allCases.map(\.rawValue).joined(separator: ", ")), found '\(name)'\n"
        .utf8))
  exit(64)
}
nonisolated(unsafe) private let chosen = reader

exit(
  fz_run(CommandLine.argc, CommandLine.unsafeArgv) { bytes, count in
    chosen.read(UnsafeBufferPointer(start: bytes, count: count))
    return 0
  })
