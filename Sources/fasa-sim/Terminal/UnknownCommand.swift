import ArgumentParser
import Attention

/// A command that there is not, which the parser would call an unexpected argument and `help` would pass over.
enum UnknownCommand {
  /// - Parameter words: the command line after the program's name.
  /// - Throws: `ValidationError` where a word stands in a command's place and is none.
  static func refuse(_ words: some Sequence<String>) throws {
    var command: any ParsableCommand.Type = FasaSim.self
    var known: [String] = []
    var isHelp = false
    for word in words {
      if known.isEmpty, !isHelp, word == "help" {
        isHelp = true
        continue
      }
      let subcommands = command.configuration.subcommands
      // An option, or the arguments of a command that has no others below it.
      guard !subcommands.isEmpty, !word.hasPrefix("-") else { return }
      let names = subcommands.map { $0._commandName }
      if let next = subcommands.first(where: { $0._commandName == word }) {
        command = next
        known.append(word)
        continue
      }
      // It may be an argument of the command that runs where none is named.
      let near = NearestName.question(word, among: names)
      guard command.configuration.defaultSubcommand == nil || near != nil else { return }
      throw ValidationError(
        "'\((known + [word]).joined(separator: " "))': expected a command, found none of that name; "
          + NearestName.advice(for: word, among: names))
    }
  }
}
