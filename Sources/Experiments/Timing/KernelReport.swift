import Attention
import Foundation
import Machine

/// What `bench kernels` tells.
package struct KernelReport: Encodable {
  let processor: String
  let roofline: Roofline
  let kernels: [KernelResult]

  package init(processor: String, roofline: Roofline, kernels: [KernelResult]) {
    self.processor = processor
    self.roofline = roofline
    self.kernels = kernels
  }

  package var text: String { [machine, table].joined(separator: "\n\n") }

  private var machine: String {
    let levels = roofline.levels.map {
      Rate(
        name: "\($0.name) read", workingSet: NumberText.bytes($0.workingSetBytes),
        rate: $0.readBytesPerSecond,
        unit: "GB/s")
    }
    let peak = Rate(
      name: "multiply-add", workingSet: "–", rate: roofline.operationsPerSecond, unit: "GFLOP/s")
    let table = TextTable(
      levels + [peak],
      [
        .left("this machine") { $0.name },
        .right("working set") { $0.workingSet },
        .right("measured") { "\(giga($0.rate.median)) \($0.unit)" },
        .right("95 %") { "\(giga($0.rate.low))–\(giga($0.rate.high))" },
      ])
    let threads = roofline.threads
    return
      "\(processor), \(roofline.instructionSet.rawValue), \(threads) thread\(threads == 1 ? "" : "s")\n\n\(table.text)"
  }

  /// What the machine does at most.
  private struct Rate {
    let name: String
    let workingSet: String
    let rate: Quantity
    let unit: String
  }

  private var table: String {
    TextTable(
      kernels,
      [
        .left("kernel") { $0.kernel },
        .right("tokens") { NumberText.grouped($0.tokens) },
        .right("d") { "\($0.headDim)" },
        .left("call") { $0.call },
        .right("µs a call") { micro($0.nanoseconds.median) },
        .right("95 %") { "\(micro($0.nanoseconds.low))–\(micro($0.nanoseconds.high))" },
        .right("ns a token") { NumberText.decimal(perToken($0), places: 2) },
        .right("GB/s") { giga($0.bytesPerSecond) },
        .right("GFLOP/s") { $0.operations > 0 ? giga($0.operationsPerSecond) : "–" },
        .right("of roofline") { String(format: "%.0f %%", 100 * $0.rooflineShare) },
      ]
    ).text
  }

  private func perToken(_ result: KernelResult) -> Double {
    result.call == "token" ? result.nanoseconds.median : result.nanoseconds.median / Double(result.tokens)
  }

  private func micro(_ nanoseconds: Double) -> String { NumberText.decimal(nanoseconds * 1e-3, places: 1) }

  private func giga(_ value: Double) -> String { NumberText.decimal(value / 1e9, places: 1) }
}
