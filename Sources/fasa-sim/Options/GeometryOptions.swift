import ArgumentParser
import Attention
import Traces

/// Whose attention is priced.
struct GeometryOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Attention of another model than the trace's: \(ModelShape.allCases.map(\.rawValue).joined(separator: ", ")).",
      valueName: "model"))
  var geometry: ModelShape?
}

extension ModelShape: ExpressibleByArgument {}
