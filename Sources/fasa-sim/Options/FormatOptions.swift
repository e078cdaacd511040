import ArgumentParser
import Experiments

/// How a result is written to standard output.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
  case table, md, csv, json, jsonl
}

/// How a result is printed, alike on every command that prints a table.
struct FormatOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "How the result is printed: \(OutputFormat.allCases.map(\.rawValue).joined(separator: ", ")). csv and jsonl have the rows of the table with all their fields. See docs/output.md. (default: table)",
      valueName: "format"))
  var output: OutputFormat?

  @Flag(help: "The same as --output json.")
  var json = false

  @Flag(help: "The same as --output md.")
  var markdown = false

  @Flag(help: "Show all columns, however wide, and all notes.")
  var verbose = false

  func validate() throws {
    let given = [
      output.map { "--output \($0.rawValue)" }, json ? "--json" : nil, markdown ? "--markdown" : nil,
    ].compactMap(\.self)
    guard given.count <= 1 else {
      throw ValidationError(
        "\(given.joined(separator: " and ")): expected one of them, found \(given.count == 2 ? "both" : "all"); leave one in"
      )
    }
  }

  var format: OutputFormat { json ? .json : markdown ? .md : output ?? .table }

  /// Prints what is asked for, and makes nothing else.
  ///
  /// - Parameters:
  ///   - json: all of the result.
  ///   - rows: those of its table, as lines of csv and jsonl.
  ///   - document: as people read it.
  func print<Row: Encodable>(
    json object: @autoclosure () throws -> some Encodable, rows: @autoclosure () throws -> [Row],
    document: @autoclosure () throws -> Document
  ) throws {
    switch format {
    case .table: try Output.document(document(), isVerbose: verbose)
    case .md: try Output.text(document().markdown(Terminal.style(isVerbose: verbose, isPlain: true)))
    case .csv: try Output.file(RecordLines.csv(rows()))
    case .json: try Output.json(object())
    case .jsonl: try Output.file(RecordLines.jsonLines(rows()))
    }
  }
}

/// For commands whose `--output` is a file.
struct JSONOptions: ParsableArguments {
  @Flag(help: "Print JSON.")
  var json = false

  /// Prints what is asked for, and makes nothing else.
  func print(json object: @autoclosure () throws -> some Encodable, text: @autoclosure () throws -> String)
    throws
  {
    if json { try Output.json(object()) } else { try Output.text(text()) }
  }
}
