import Attention
import Pricing

/// Published times of decode attention and of whole steps, each with its source.
struct PublishedTimes {
  /// What of a row the model can predict.
  enum Work {
    /// Time in microseconds.
    case kernel(DenseCall)
    /// Speed-up over dense attention.
    case pages(PageCall)
    /// Time in milliseconds.
    case step(MeasuredStep)
    /// Nothing, and why.
    case nothing(String)
  }

  struct Row {
    let machine: String
    let kind: String
    let shape: String
    let work: Work
    /// In the unit of the work.
    let value: Double
  }

  static let columns = [
    "source", "location", "machine", "model", "layers", "q_heads", "kv_heads", "head_dim", "weight_bits",
    "kv_bits", "batch", "context", "policy", "budget", "measured", "value", "unit", "kind", "note",
  ]

  let rows: [Row]

  /// - Throws: `PricingError` where a cell that is needed holds no name or number.
  init(_ table: TableRows) throws { rows = try table.cells.map(Self.row) }

  private static func row(_ cells: TableCells) throws -> Row {
    let kind = try cells.needed("kind")
    let call = DenseCall(
      elementBytes: try cells.number("kv_bits", unit: "bits", range: 1...64) / 8,
      headDim: try cells.count("head_dim"), queryHeads: try cells.count("q_heads"),
      kvHeads: try cells.count("kv_heads"), batch: try cells.count("batch"),
      context: try cells.count("context"))
    let value = try cells.number("value", unit: "a time, rate or speed-up", range: 1e-9...1e12)
    let unit = try cells.choice("unit", ["us": "us", "ms": "ms", "tok/s": "tok/s", "x": "x"])
    let work = try work(cells, kind: kind, call)
    let converted =
      switch (work, unit) {
      case (.kernel, "ms"): value * 1000
      case (.kernel, "us"), (.step, "ms"), (.pages, "x"), (.nothing, _): value
      case (.step, "tok/s"): call.batch / value * 1000
      default:
        throw PricingError("\(cells.place): unit", expected: "one that suits \(kind)", found: "'\(unit)'")
      }
    return Row(
      machine: try cells.needed("machine"), kind: kind, shape: work.shape(call), work: work, value: converted)
  }

  private static func work(_ cells: TableCells, kind: String, _ call: DenseCall) throws -> Work {
    if kind.hasPrefix("dense-kernel") { return .kernel(call) }
    if kind == "sparse-kernel-speedup", cells.text("policy") == "quest" {
      return .pages(
        PageCall(dense: call, budget: try cells.number("budget", unit: "a share", range: 1e-6...1)))
    }
    guard kind.hasPrefix("e2e") else { return .nothing("other kernels of sparse attention") }
    return try step(cells, call)
  }

  private static func step(_ cells: TableCells, _ call: DenseCall) throws -> Work {
    // Its host launches kernels one by one, of which no set of an engine's kernels tells.
    if cells.text("note")?.contains("Hugging Face stack") == true {
      return .nothing("steps of an eager stack")
    }
    guard cells.text("policy") == "dense" else { return .nothing("steps with another policy") }
    let name = try cells.needed("model").lowercased().replacing("llama-3-", with: "llama-3.1-")
    guard let model = ModelShape.bundled(named: name) else { return .nothing("steps of unknown models") }
    let location = cells.text("location") ?? ""
    let devices = location.firstMatch(of: /_tp(\d+)_/).flatMap { Double($0.1) } ?? 1
    return .step(
      MeasuredStep(
        model: model,
        geometry: PricedGeometry(
          layers: try cells.count("layers"), queryHeads: call.queryHeads, kvHeads: call.kvHeads,
          headDim: call.headDim, elementBytes: call.elementBytes, context: call.context),
        weightBits: try cells.number("weight_bits", unit: "bits", range: 1...64), batch: call.batch,
        devices: max(1, devices), prefill: devices > 1 ? prefill(call) : 0,
        isSumOfKernels: cells.text("measured")?.contains("sum of measured") == true))
  }

  /// Prompt tokens in a server's step: each sequence has its whole prompt worked through while it generates 1,024 tokens,
  /// of which half are part of the mean context.
  private static func prefill(_ call: DenseCall) -> Double {
    max(0, (call.context - 512) / 1024 * call.batch)
  }
}

extension PublishedTimes.Work {
  /// As lists of cases show it.
  fileprivate func shape(_ call: DenseCall) -> String {
    switch self {
    case .kernel, .nothing: call.shape
    case .pages(let pages): "\(call.shape), \(NumberText.percent(pages.budget)) of the cache"
    case .step(let step):
      "\(step.model.name), \(Int(step.devices)) \(step.devices == 1 ? "device" : "devices"), \(call.shape)"
    }
  }
}
