import ArgumentParser
import Experiments

struct HardwareListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Lists the bundled machines and kernel sets.",
    discussion: """
      EXAMPLES:
        fasa-sim hardware list
        fasa-sim hardware list --json
      """)

  @OptionGroup var format: FormatOptions

  func run() throws {
    let listing = try HardwareListing()
    try format.print(json: listing.json, rows: listing.json.machines, document: listing.document)
  }
}
