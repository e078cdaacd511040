import Experiments
import Foundation
import Policies
import Results
import Traces

// Replays a trace through a policy that the project does not have, beside some that it has.
//
//     swift run --package-path Examples own-policy traces/qa-4096.zst

guard CommandLine.arguments.count == 2 else {
  FileHandle.standardError.write(Data("usage: own-policy TRACE\n".utf8))
  exit(64)
}

do {
  var policies = try PolicyChoice(parsing: ["streaming-llm", "random", "oracle"])
  policies.add([PolicyConfiguration(Strided.self)])
  let prepared = try ReplayRequest(policies: policies).prepare(
    Trace(path: CommandLine.arguments[1]), budgets: .tokens([.tokens(256)]))
  // A database in memory; with a file's name, results would be kept as `fasa-sim replay` keeps them.
  let database = ":memory:"
  let report = try ReplayJob(prepared, isTimed: false).run(store: ResultsStore(path: database))
  print(report.text(database: database))
} catch {
  FileHandle.standardError.write(Data("Error: \(error)\n".utf8))
  exit(1)
}
