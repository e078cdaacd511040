import Attention
import Foundation
import Kernels
import Policies
import Simulator
import Traces

/// Replays pinned replays under every instruction set and several thread counts, and holds the bits to those that are written
/// down.
package struct Verification {
  /// The list's file, beside which the traces lie.
  let path: String
  let replays: [PinnedReplay]
  let instructionSets: [InstructionSet]
  let threads: [Int]

  /// - Parameters:
  ///   - traces: files' names of the list; empty for all.
  /// - Throws: `ReplayError` where the list cannot be read, or has no trace of such a name.
  package init(list path: String, traces: [String] = [], instructionSets: [InstructionSet], threads: [Int])
    throws
  {
    self.path = path
    let all = try PinnedReplay.list(path)
    if let name = traces.first(where: { name in !all.contains { $0.trace == name } }) {
      throw ReplayError(
        "'\(name)'", expected: "a trace of \(path)", found: "none of that name",
        advice: NearestName.advice(for: name, among: all.map(\.trace)))
    }
    replays = traces.isEmpty ? all : all.filter { traces.contains($0.trace) }
    self.instructionSets = instructionSets
    self.threads = threads
  }

  /// How many replays there will be.
  package var count: Int { replays.count * instructionSets.count * threads.count }

  /// - Parameter progress: called before each replay with those done and all.
  /// - Throws: `ReplayError`, `TraceError` where a replay cannot run, or a trace is not the one that was pinned.
  package func run(progress: (Int, Int) -> Void = { _, _ in }) throws -> VerificationReport {
    var lines: [VerificationReport.Line] = []
    for replay in replays {
      let trace = try Trace(path: file(replay))
      guard try trace.digest() == replay.traceDigest else {
        throw ReplayError(
          trace.path, expected: "the trace with the digest \(replay.traceDigest)", found: try trace.digest(),
          advice: "take the one that came with \(path)")
      }
      for instructionSet in instructionSets {
        for threads in threads {
          progress(lines.count, count)
          let clock = ContinuousClock()
          let started = clock.now
          let found = try digests(replay, trace, instructionSet, threads: threads)
          lines.append(
            VerificationReport.Line(
              replay, found: found, instructionSet: instructionSet, threads: threads,
              seconds: (clock.now - started).seconds))
        }
      }
    }
    progress(count, count)
    return VerificationReport(list: path, lines: lines)
  }

  /// Writes down what this build gives, in place of what was.
  ///
  /// - Throws: `ReplayError` where instruction sets or thread counts disagree, and nothing can be pinned.
  package func pin() throws {
    var list = try PinnedReplay.list(path)
    for (place, replay) in list.enumerated() where replays.contains(where: { $0.trace == replay.trace }) {
      let trace = try Trace(path: file(replay))
      let found = try instructionSets.flatMap { set in
        try threads.map { try digests(replay, trace, set, threads: $0) }
      }
      guard let first = found.first, found.allSatisfy({ $0 == first }) else {
        throw ReplayError(
          trace.path, expected: "the same bits from every instruction set and number of threads",
          found: "others",
          advice: "verify says which")
      }
      list[place] = replay.pinned(first, traceDigest: try trace.digest())
    }
    try PinnedReplay.write(list, to: path)
  }

  private func file(_ replay: PinnedReplay) -> String {
    path.lastIndex(of: "/").map { path[...$0] + replay.trace } ?? replay.trace
  }

  private func digests(
    _ replay: PinnedReplay, _ trace: Trace, _ instructionSet: InstructionSet, threads: Int
  ) throws -> [String: String] {
    func value<Value>(_ text: String, _ expected: String, _ read: (String) -> Value?) throws -> Value {
      guard let value = read(text) else { throw ReplayError(path, expected: expected, found: "'\(text)'") }
      return value
    }
    let request = ReplayRequest(
      policies: try PolicyChoice(parsing: replay.policies),
      layers: try replay.layers.map { try value($0, "layers such as 0-3,7") { NumberRanges($0) } },
      steps: try replay.steps.map { try value($0, "decode steps such as 0-31", StepsText.range) },
      threads: threads, instructionSet: instructionSet)
    let budgets = try replay.budgets.map { try value($0, "budgets such as 256 or 19%", Budget.init) }
    let prepared = try request.prepare(trace, budgets: .tokens(budgets))
    let result = try Replay(trace).run(prepared.grid().configurations, options: prepared.options)
    return Dictionary(
      uniqueKeysWithValues: result.configurations.map { ($0.configuration.label, $0.digest) })
  }
}
