import ArgumentParser
import Experiments
import Foundation
import Pricing
import Results

struct ModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model",
    abstract: "Prices stored runs on machines that you do not have, without replaying.",
    discussion: """
      What a replay counted is scaled to a model's geometry and a context, and priced on a described machine: a \
      speed-up over dense attention with the error that the model had on measurements it did not see. ~ marks what is \
      extrapolated: another machine than the kernels were fitted on, another geometry or context than was replayed.

      EXAMPLES:
        fasa-sim model --db runs.db --hardware a100-40gb,h100-sxm,rtx-4090
        fasa-sim model --hardware a100-40gb --geometry llama-3.1-8b --context 1k..1m --batch 1..256
        fasa-sim model --hardware h100-sxm --geometry llama-3.1-8b --context 64k --policy fasa --sensitivity
        fasa-sim model --hardware h100-sxm --devices 8 --kv-bits 8 --geometry llama-3.1-70b --context 64k --batch 32 \
          --at-output-error 0.05
        fasa-sim model --hardware mine.yaml --kernels sglang,triton --geometry qwen2.5-32b --context 128k --json
      """)

  @OptionGroup var database: StoredDatabaseOptions

  @OptionGroup var pricing: PricingOptions

  @OptionGroup var shape: GeometryOptions

  @OptionGroup var deployment: DeploymentOptions

  @OptionGroup var quality: EqualQualityOptions

  @Option(
    help: ArgumentHelp(
      "Tokens that a query sees, such as 64k or 1k..1m; the trace's by default.", valueName: "n,…"))
  var context: CountRange?

  @Option(help: ArgumentHelp("Sequences that decode together, such as 1..256.", valueName: "n,…"))
  var batch = CountRange([1])

  @Option(
    help: ArgumentHelp(
      "Only these policies, or configurations as compare names them, such as fasa@256; repeat or separate by commas.",
      valueName: "policy,…"),
    completion: .policies)
  var policy: [String] = []

  @Flag(
    help: "Which parameter of machine and kernels moves the speed-up most, at the first context and batch.")
  var sensitivity = false

  @Flag(name: .customLong("no-store"), help: "Do not keep the times in the database.")
  var noStore = false

  @OptionGroup var format: FormatOptions

  func validate() throws {
    guard !pricing.hardware.names.isEmpty else {
      throw ValidationError("--hardware: expected machines to price, found none; see fasa-sim hardware list")
    }
    try deployment.validate(with: shape)
  }

  func run() throws {
    let db = database.db
    let machines = try pricing.machines(withEarlier: true)
    let model = try shape.shape()
    // A database that is not there is not made to be found empty.
    let access: ResultsStore.Access =
      noStore || !FileManager.default.fileExists(atPath: db) ? .readOnly : .readWrite
    let store = try opened(db, access)
    let job = PricingJob(
      shapes: try store.storedShapes(named: policy, database: db), machines: machines, model: model,
      deployment: deployment.deployment, contexts: context?.values ?? [], batches: batch.values,
      reading: pricing.reading)
    let points = try job.run()
    // A time on a machine that cannot hold the caches would be read as one that it can.
    if !noStore { try store.store(points.filter { $0.speedUp != nil }.map(\.row)) }
    let report = ModelReport(
      job: job, points: points, quality: try quality.target(job.shapes, in: store),
      showsSensitivity: sensitivity,
      database: noStore ? nil : db)
    try format.print(json: report.json, rows: report.rows, document: report.document)
  }

  private func opened(_ db: String, _ access: ResultsStore.Access) throws -> ResultsStore {
    do { return try ResultsStore(named: db, access: access) } catch let error as ResultsError
      where error.kind == .readOnly
    {
      throw ResultsError(
        error.kind, file: error.file, part: error.part, expected: error.expected, found: error.found,
        advice:
          "give --no-store to price without keeping the times, or \(error.advice ?? "name another file")")
    }
  }
}
