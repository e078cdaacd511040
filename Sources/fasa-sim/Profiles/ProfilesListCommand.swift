import ArgumentParser
import Experiments

struct ProfilesListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Lists the profiles that are found by themselves.",
    discussion: """
      Of each: the model, the layers and K of its contextual agreement, how many kinds of head statistics, and how many queries \
      of how many texts calibrated it.

      EXAMPLES:
        fasa-sim profiles list
        fasa-sim profiles list --json
      """)

  @OptionGroup var format: FormatOptions

  func run() throws {
    let listing = ProfileListing()
    try format.print(json: listing.json, rows: listing.json.profiles, document: listing.document)
  }
}
