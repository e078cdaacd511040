import ArgumentParser
import Experiments
import Results

struct MergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Merges databases of results into one.",
    discussion: """
      Takes every configuration with all its rows, and the traces, profiles, live runs and runs beside them. What is there already is \
      known by its digests and not taken again: a merge may be repeated, and goes on where it was interrupted. A result that one \
      build gave on two machines counts once where the bits are the same, and is an error that names both machines where they are \
      not: nothing of that database is merged then. An older database is upgraded in a copy; a folder stands for the *.db in it.

      EXAMPLES:
        fasa-sim merge all.db shards/
        fasa-sim merge all.db shard-1.db shard-2.db --keep-going
      """)

  @Argument(
    help: "The database to merge into, made where there is none.", completion: .file(extensions: ["db"]))
  var database: String

  @Argument(help: "Databases, or folders of them.", completion: .file(extensions: ["db"]))
  var inputs: [String]

  @Flag(
    help: "Leave out a database that is damaged, newer or another program's, or holds other bits, and say so."
  )
  var keepGoing = false

  @OptionGroup var format: JSONOptions

  func run() throws {
    let merge = try Merge(inputs, into: database, keepsGoing: keepGoing)
    let line = ProgressLine("merging into \(database)")
    defer { line.finish() }
    let report = try merge.run {
      try ResultsStore(named: database)
    } leftOut: {
      Output.note("left out: \($0.reason)", clearsLine: true)
    } progress: {
      line.update($0, of: $1)
    }
    line.finish()
    try format.print(json: report, text: report.text)
  }
}
