import Foundation
import Machine
import Results
import Simulator

extension RunInfo {
  /// A run of this command line on this machine.
  static func ofThisProcess(_ options: ReplayOptions, kernelThreads: Int, startedAt: Date) -> RunInfo {
    RunInfo(
      commandLine: CommandLine.arguments.map(\.shellQuoted).joined(separator: " "),
      toolVersion: ToolVersion.current, gitCommit: SourceTree.commit, host: HostMachine.name,
      hostCPU: HostMachine.current.processor,
      instructionSet: options.instructionSet, threads: options.threads,
      kernelThreads: kernelThreads, startedAt: startedAt)
  }
}

extension String {
  /// Quoted where a shell needs it.
  fileprivate var shellQuoted: String {
    let safe = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-_./:=,%+@"))
    let isSafe = !isEmpty && unicodeScalars.allSatisfy(safe.contains)
    return isSafe ? self : "'" + replacingOccurrences(of: "'", with: "'\\''") + "'"
  }
}
