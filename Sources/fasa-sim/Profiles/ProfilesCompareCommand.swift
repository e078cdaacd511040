import ArgumentParser
import Attention
import Experiments

struct ProfilesCompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Says how alike two profiles of one shape are, by what they hold, layer and head.",
    discussion: """
      Of each head the largest chunks and channels that both have in common, the subspace that their key axes share, the cosine of \
      their query centres, and the ratio of their far mass: 1 is alike. Profiles of two texts tell how far a calibration is one of \
      its text; profiles of a model and its fine-tune, whether one serves both. JSON has every head.

      EXAMPLES:
        fasa-sim profiles compare smollm2-135m-instruct my-model.json
        fasa-sim profiles compare a.json b.json --chunks 8 --window 512 --json
      """)

  @Argument(help: "A profile's file, or the name of a bundled one.", completion: .profile)
  var first: String

  @Argument(help: "Another.", completion: .profile)
  var second: String

  @Option(
    help: ArgumentHelp(
      "How many chunks and channels are a head's largest: a count or a share.", valueName: "n"))
  var chunks: Budget = .share(0.25)

  @Option(
    help: ArgumentHelp(
      "K whose agreement is shown layer by layer. (default: 256, or the largest in common)", valueName: "k"))
  var window: Int?

  @OptionGroup var format: FormatOptions

  func run() throws {
    let comparison = try ProfileComparison(
      ProfileLocator.named(first), ProfileLocator.named(second), share: chunks, window: window)
    try format.print(json: comparison, rows: comparison.kinds, document: comparison.document)
  }
}
