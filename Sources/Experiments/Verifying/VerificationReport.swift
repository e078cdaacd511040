import Kernels
import Results

/// What was found again, and what was not.
package struct VerificationReport: Encodable {
  /// The list's file.
  let list: String
  /// SHA-256 of the sources that computed.
  let build = SourceBuild.digest
  package let lines: [Line]

  package init(list: String, lines: [Line]) {
    self.list = list
    self.lines = lines
  }

  /// One replay.
  package struct Line: Encodable {
    let trace: String
    let instructionSet: String
    let threads: Int
    let configurations: Int
    /// Labels whose bits are not those that are written down; those that are missing on either side, too.
    package let other: [String]
    let seconds: Double

    init(
      _ replay: PinnedReplay, found: [String: String], instructionSet: InstructionSet, threads: Int,
      seconds: Double
    ) {
      trace = replay.trace
      self.instructionSet = instructionSet.rawValue
      self.threads = threads
      configurations = found.count
      other = Set(found.keys).union(replay.digests.keys).filter { found[$0] != replay.digests[$0] }.sorted()
      self.seconds = seconds
    }
  }

  package var isSame: Bool { lines.allSatisfy(\.other.isEmpty) }

  package var document: Document {
    let table = TextTable(
      lines,
      [
        .left("trace") { $0.trace },
        .left("instructions") { $0.instructionSet },
        .right("threads") { "\($0.threads)" },
        .right("configurations", drop: 1) { "\($0.configurations)" },
        .left("bits") { $0.other.isEmpty ? "the same" : "\($0.other.count) other" },
        .right("seconds", drop: 2) { NumberText.decimal($0.seconds, places: 1) },
      ])
    let verdict =
      isSame
      ? "every exact result is the one that \(list) has"
      : "not the exact results of \(list): \(Set(lines.flatMap(\.other)).sorted().shortList(atMost: 8)); another state of the sources gives other bits, and so does a machine that errs"
    return Document([.table(table), .notes([verdict, "by the sources \(SourceBuild.short(build))"])])
  }
}
