import ArgumentParser
import Experiments
import Traces

struct HardwareImportAIConfiguratorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "aiconfigurator",
    abstract: "Takes over NVIDIA aiconfigurator's times of dense decode attention.",
    discussion: """
      Reads generation_attention_perf.parquet, or .txt of older versions, as systems/data of github.com/ai-dynamo/aiconfigurator holds \
      them (a checkout needs Git LFS), and writes a table with the columns of hardware/measurements/decode-attention. Parquet is read by \
      DuckDB's command duckdb or by python3 with pyarrow, whichever there is; CSV needs neither.

      What is left out is told on standard error: times that beat the memory of the machine, by its description; times that are no \
      number above 0; types of the cache that the table does not know; sliding windows; beams. Of a shape that was timed \
      several times the median is kept. A file of which more than a tenth of the rows from memory beat it is left out whole.

      EXAMPLES:
        fasa-sim hardware import aiconfigurator aiconfigurator/src/aiconfigurator/systems/data -o decode-attention.csv.zst
        fasa-sim hardware import aiconfigurator systems/data/h100_sxm systems/data/l40s > two-machines.csv
        fasa-sim hardware import aiconfigurator generation_attention_perf.txt --machine h200 -o h200.csv --json
        fasa-sim hardware import aiconfigurator mine.csv --machine mine.yaml -o -
      """)

  @Argument(
    help: ArgumentHelp("Folders, which are searched, or files: .parquet, .txt or .csv.", valueName: "path"),
    completion: .file())
  var paths: [String]

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "File to write: .csv or .csv.zst; standard output by default, or as -.", valueName: "file"),
    completion: .file(extensions: ["csv", "zst"]))
  var output = "-"

  @Option(
    help: ArgumentHelp(
      "The machine that was measured, in place of the folder's name: a bundled one's name, or a description.",
      valueName: "name"), completion: .file(extensions: ["yaml"]))
  var machine: String?

  @Flag(help: "Replace the file if there is one.")
  var force = false

  @OptionGroup var format: JSONOptions

  func validate() throws {
    if output == "-" {
      guard !format.json else {
        throw ValidationError(
          "--json: expected --output with a file beside it, found standard output for both; name a file")
      }
      return
    }
    guard output.hasSuffix(".csv") || output.hasSuffix(".csv.zst") else {
      throw ValidationError("\(output): expected a name that ends in .csv or .csv.zst; name it so")
    }
  }

  func run() throws {
    guard output != "-" else {
      let found = try imported()
      return try Output.file(found.text)
    }
    try OutputPlace(output).refuseDatabase(for: "a table")
    try OutputPlace(output).refuseTaken(force: force)
    // The place is tried before the tables are read.
    let file = try OutputFile(path: output)
    let found = try imported()
    try TableText(found.text).write(to: file)
    let files = "\(found.fileCount) \(found.fileCount == 1 ? "file" : "files")"
    try format.print(
      json: found.json(output: output),
      text:
        "\(output): \(NumberText.grouped(found.kept)) of \(NumberText.grouped(found.count)) rows of \(files)")
  }

  private func imported() throws -> AttentionImport {
    let found = try AttentionImport(paths: paths, machine: machine)
    for note in found.notes { Output.note(note) }
    return found
  }
}
