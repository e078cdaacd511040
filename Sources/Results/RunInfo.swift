import Foundation
import Kernels

/// What a run's row says that no replay result does: who computed, where and how it was asked to.
public struct RunInfo: Sendable, Equatable {
  /// As typed, each argument quoted where a shell needs it.
  public var commandLine: String
  public var toolVersion: String
  /// Of the tool's source; nil for a build that does not know.
  public var gitCommit: String?
  /// The machine's name; nil where it has none.
  public var host: String?
  /// Such as `AMD EPYC 7763 64-Core Processor`.
  public var hostCPU: String
  public var instructionSet: InstructionSet
  public var threads: Int
  /// That timed kernels side by side.
  public var kernelThreads: Int
  public var startedAt: Date

  public init(
    commandLine: String, toolVersion: String, gitCommit: String? = nil, host: String? = nil, hostCPU: String,
    instructionSet: InstructionSet, threads: Int, kernelThreads: Int = 1, startedAt: Date = Date()
  ) {
    self.commandLine = commandLine
    self.toolVersion = toolVersion
    self.gitCommit = gitCommit
    self.host = host
    self.hostCPU = hostCPU
    self.instructionSet = instructionSet
    self.threads = threads
    self.kernelThreads = kernelThreads
    self.startedAt = startedAt
  }
}

/// A row of `runs`.
public struct RunID: Hashable, Sendable {
  public let rawValue: Int64

  init(rawValue: Int64) { self.rawValue = rawValue }
}
