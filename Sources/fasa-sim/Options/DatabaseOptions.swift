import ArgumentParser
import Machine
import Results

/// Where results go.
struct DatabaseOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("SQLite database to write to; :memory: keeps nothing.", valueName: "file"),
    completion: .database)
  var db = "runs.db"
}

/// Where results are read.
struct StoredDatabaseOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("SQLite database that replay, sweep or explore wrote.", valueName: "file"),
    completion: .database)
  var db = "runs.db"
}

/// What a replay stores.
struct StoringOptions: ParsableArguments {
  @Option(
    help:
      "What to store: summaries per head and sums per decode step, which comparisons take intervals from, or what each head does at each step as well. (default: head; replay also stores these rows unasked where all that is asked of a trace is up to 500,000)"
  )
  var detail: ResultsStore.Detail?

  @Flag(name: .customLong("no-timing"), help: "Leave out the kernel timings.")
  var noTiming = false

  @Option(
    help: ArgumentHelp(
      "Threads that time kernels side by side, each on KV heads of its own, as they share a memory. (default: 1)",
      valueName: "n"))
  var kernelThreads: Int?

  func validate() throws {
    let most = HostMachine.current.cores
    guard let kernelThreads, !(1...most).contains(kernelThreads) else { return }
    throw ValidationError(
      "--kernel-threads: expected 1 to \(most), the cores of this machine, found \(kernelThreads)")
  }
}

extension ResultsStore.Detail: ExpressibleByArgument {}
