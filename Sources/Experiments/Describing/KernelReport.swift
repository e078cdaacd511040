import Foundation
import Hardware

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
    var table = TextTable([
      ("this machine", .left), ("working set", .right), ("measured", .right), ("95 %", .right),
    ])
    for level in roofline.levels {
      let rate = level.readBytesPerSecond
      table.add([
        "\(level.name) read", NumberText.bytes(level.workingSetBytes), "\(giga(rate.median)) GB/s",
        "\(giga(rate.low))–\(giga(rate.high))",
      ])
    }
    let peak = roofline.operationsPerSecond
    table.add([
      "multiply-add", "–", "\(giga(peak.median)) GFLOP/s", "\(giga(peak.low))–\(giga(peak.high))",
    ])
    let threads = roofline.threads
    return
      "\(processor), \(roofline.instructionSet.rawValue), \(threads) thread\(threads == 1 ? "" : "s")\n\n\(table.text)"
  }

  private var table: String {
    var table = TextTable([
      ("kernel", .left), ("tokens", .right), ("d", .right), ("call", .left), ("µs a call", .right),
      ("95 %", .right), ("ns a token", .right), ("GB/s", .right), ("GFLOP/s", .right),
      ("of roofline", .right),
    ])
    for result in kernels {
      let time = result.nanoseconds.scaled(1e-3)
      let perToken =
        result.call == "token" ? result.nanoseconds.median : result.nanoseconds.median / Double(result.tokens)
      table.add([
        result.kernel, NumberText.grouped(result.tokens), "\(result.headDim)", result.call,
        NumberText.decimal(time.median, places: 1),
        "\(NumberText.decimal(time.low, places: 1))–\(NumberText.decimal(time.high, places: 1))",
        NumberText.decimal(perToken, places: 2), giga(result.bytesPerSecond),
        result.operations > 0 ? giga(result.operationsPerSecond) : "–",
        String(format: "%.0f %%", 100 * result.rooflineShare),
      ])
    }
    return table.text
  }

  private func giga(_ value: Double) -> String { NumberText.decimal(value / 1e9, places: 1) }
}
