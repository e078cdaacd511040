import ArgumentParser
import Attention
import Experiments

/// Whose attention is priced.
struct GeometryOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Attention of another model than the trace's: a Hugging Face config.json or its folder, a .gguf file, or \(ModelLocator.names.joined(separator: ", ")).",
      valueName: "model"), completion: .list(ModelLocator.names))
  var geometry: String?

  func validate() throws { try ModelName.check(geometry, option: "--geometry") }

  /// - Throws: `PricingError` where a model's file cannot be read.
  func shape() throws -> ModelShape? { try geometry.map(ModelLocator.shape) }
}

/// Names of models on the command line.
enum ModelName {
  /// A name that is none is a wrong argument; a file that cannot be read is told when it is.
  static func check(_ name: String?, option: String) throws {
    do { try name.map(ModelLocator.check) } catch { throw ValidationError("\(option): \(error)") }
  }
}
