import CFuzz
import Foundation

// FUZZ_ACCEPTS: only says how many of the files named the reader takes, by status 3 that it takes none: such a reader is not tried.
if ProcessInfo.processInfo.environment["FUZZ_ACCEPTS"] != nil {
  let taken = CommandLine.arguments.dropFirst()
    .filter { path in
      FileManager.default.contents(atPath: path).map { [UInt8]($0).withUnsafeBufferPointer(reader.read) }
        ?? false
    }
  print(taken.count)
  exit(taken.isEmpty ? 3 : 0)
}
exit(fz_run(CommandLine.argc, CommandLine.unsafeArgv))
