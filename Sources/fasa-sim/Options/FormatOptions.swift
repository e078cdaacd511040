import ArgumentParser

/// How a result is printed.
struct FormatOptions: ParsableArguments {
  @Flag(help: "Print JSON.")
  var json = false

  /// Prints what is asked for, and makes nothing else.
  func print(json object: @autoclosure () throws -> some Encodable, text: @autoclosure () throws -> String)
    throws
  {
    if json { try Output.json(object()) } else { try Output.text(text()) }
  }
}
