import Simulator
import Traces

/// A set a line, with the trace that it was chosen on in the first: what `external:file=` reads.
struct ChoiceLines {
  let result: ReplayResult
  let found: ConfigurationResult

  init(_ result: ReplayResult, _ found: ConfigurationResult) {
    self.result = result
    self.found = found
  }

  func write(to file: OutputFile) throws {
    try file.write("{\"trace_sha256\":\"\(result.trace.digest)\"}\n")
    for head in found.heads {
      for (step, tokens) in zip(result.steps, head.choices) {
        let list = tokens.map(String.init).joined(separator: ",")
        try file.write(
          "{\"layer\":\(head.layer),\"head\":\(head.queryHead),\"position\":\(step.position),\"tokens\":[\(list)]}\n"
        )
      }
    }
  }
}
