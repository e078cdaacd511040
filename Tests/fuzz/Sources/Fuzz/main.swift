import CFuzz
import Foundation

// FUZZ_ACCEPTS: only says of how many of the files named the reader takes any, so that no reader is tried that refuses everything.
if ProcessInfo.processInfo.environment["FUZZ_ACCEPTS"] != nil {
  let taken = CommandLine.arguments.dropFirst()
    .filter { path in
      FileManager.default.contents(atPath: path).map { [UInt8]($0).withUnsafeBufferPointer(reader.read) }
        ?? false
    }
  print(taken.count)
  exit(taken.isEmpty ? 1 : 0)
}
exit(fz_run(CommandLine.argc, CommandLine.unsafeArgv))
