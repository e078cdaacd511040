import Attention
import Foundation
import Machine

/// What `bench kernels` tells.
package struct KernelReport {
  let processor: String
  let roofline: Roofline
  let kernels: [KernelResult]

  package init(processor: String, roofline: Roofline, kernels: [KernelResult]) {
    self.processor = processor
    self.roofline = roofline
    self.kernels = kernels
  }

  /// A kernel at a shape, by the names of databases.
  package struct Row: Encodable {
    let kernel: String
    let call: String
    let tokens: Int
    let headDim: Int
    let heads: Int
    let element: String
    let threads: Int
    let medianNs: Double
    let lowNs: Double
    let highNs: Double
    let bytes: Int
    let operations: Int
    let bytesPerSecond: Double
    let operationsPerSecond: Double
    let rooflineShare: Double

    init(_ result: KernelResult) {
      (kernel, call, tokens) = (result.kernel, result.call, result.tokens)
      (headDim, heads) = (result.headDim, result.heads)
      (element, threads) = (result.element.rawValue, result.threads)
      medianNs = result.nanoseconds.median
      (lowNs, highNs) = (result.nanoseconds.low, result.nanoseconds.high)
      (bytes, operations) = (result.bytes, result.operations)
      (bytesPerSecond, operationsPerSecond) = (result.bytesPerSecond, result.operationsPerSecond)
      rooflineShare = result.rooflineShare
    }
  }

  package var rows: [Row] { kernels.map(Row.init) }

  /// The report as an object.
  package struct JSON: Encodable {
    let hostCpu: String
    let roofline: Roofline
    let kernels: [Row]
  }

  package var json: JSON { JSON(hostCpu: processor, roofline: roofline, kernels: rows) }

  package var document: Document {
    let threads = roofline.threads
    return Document([
      .lines([
        "\(processor), \(roofline.instructionSet.rawValue), \(threads) thread\(threads == 1 ? "" : "s")"
      ]),
      .table(machine), .table(table),
    ])
  }

  private var machine: TextTable {
    let levels = roofline.levels.map {
      Rate(
        name: "\($0.name) read", workingSet: NumberText.bytes($0.workingSetBytes),
        rate: $0.readBytesPerSecond,
        unit: "GB/s")
    }
    let peak = Rate(
      name: "multiply-add", workingSet: "–", rate: roofline.operationsPerSecond, unit: "GFLOP/s")
    return TextTable(
      levels + [peak],
      [
        .left("this machine") { $0.name },
        .right("working set") { $0.workingSet },
        .right("measured") { "\(giga($0.rate.median)) \($0.unit)" },
        .right("95 %") { "\(giga($0.rate.low))–\(giga($0.rate.high))" },
      ])
  }

  /// What the machine does at most.
  private struct Rate {
    let name: String
    let workingSet: String
    let rate: Quantity
    let unit: String
  }

  private var table: TextTable {
    TextTable(
      kernels,
      [
        .left("kernel") { $0.kernel },
        .right("tokens") { NumberText.grouped($0.tokens) },
        .right("d", drop: 5) { "\($0.headDim)" },
        .left("call", drop: 6) { $0.call },
        .right("µs a call") { micro($0.nanoseconds.median) },
        .right("95 %", drop: 1) { "\(micro($0.nanoseconds.low))–\(micro($0.nanoseconds.high))" },
        .right("ns a token", drop: 2) { NumberText.decimal(perToken($0), places: 2) },
        .right("GB/s", drop: 4) { giga($0.bytesPerSecond) },
        .right("GFLOP/s", drop: 3) { $0.operations > 0 ? giga($0.operationsPerSecond) : "–" },
        .right("of roofline") { String(format: "%.0f %%", 100 * $0.rooflineShare) },
      ]
    )
  }

  private func perToken(_ result: KernelResult) -> Double {
    result.call == "token" ? result.nanoseconds.median : result.nanoseconds.median / Double(result.tokens)
  }

  private func micro(_ nanoseconds: Double) -> String { NumberText.decimal(nanoseconds * 1e-3, places: 1) }

  private func giga(_ value: Double) -> String { NumberText.decimal(value / 1e9, places: 1) }
}
