import ArgumentParser
import Attention
import Foundation
import Hardware
import Kernels
import Simulator

struct BenchKernelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kernels",
    abstract: "Measures read bandwidth, the FMA peak, and every kernel against them.",
    discussion: """
      Exact kernels and top-k work on data that they have just used, as a replay does; decode kernels go round caches of \
      many KV groups, larger together than the last-level cache, as a decode step does.

      EXAMPLES:
        fasa-sim bench kernels
        fasa-sim bench kernels --tokens 32768 --head-dim 64 --heads 3 --threads 1 --json
      """)

  @Option(help: ArgumentHelp("Lengths of the cache.", valueName: "n,…"))
  var tokens = NumberList([4096, 16_384, 65_536, 262_144])

  @Option(name: .customLong("head-dim"), help: "Channels of a head.")
  var headDim = 128

  @Option(help: "Query heads of a KV group.")
  var heads = 4

  @Option(help: "Element type of keys and values: f16 or bf16.")
  var element: ElementType = .f16

  @Option(
    name: .customLong("kernel"),
    help: ArgumentHelp("Only kernels whose name begins so; repeats. All by default.", valueName: "name"))
  var names: [String] = []

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup var machine: MachineOptions

  func validate() throws {
    guard element != .f32 else {
      throw ValidationError("--element f32: expected f16 or bf16, as decoders hold them")
    }
    guard headDim % 8 == 0, (8...Kernels.maximumChannels).contains(headDim) else {
      throw ValidationError(
        "--head-dim \(headDim): expected a multiple of 8 from 8 to \(Kernels.maximumChannels)")
    }
    guard (1...128).contains(heads) else { throw ValidationError("--heads \(heads): expected 1 to 128") }
    guard try tokens.numbers(of: "--tokens").allSatisfy({ (64...(1 << 22)).contains($0) }) else {
      throw ValidationError("--tokens \(tokens.defaultValueDescription): expected 64 to \(1 << 22) each")
    }
  }

  func run() throws {
    let kernels = try Kernels(machine.instructionSet)
    let line = ProgressLine("measuring")
    let roofline = Roofline.measure(kernels, threads: machine.threads)
    var benchmark = KernelBenchmark(kernels: kernels, roofline: roofline)
    benchmark.headDim = headDim
    benchmark.heads = heads
    benchmark.element = element
    let lengths = try tokens.numbers(of: "--tokens")
    let all = lengths.flatMap(benchmark.names)
    for name in names where !all.contains(where: { $0.hasPrefix(name) }) {
      line.finish()
      let known = Set(all).sorted().map { "'\($0)'" }.joined(separator: ", ")
      throw ReplayError("--kernel '\(name)': expected the beginning of a kernel's name, which are \(known)")
    }
    let results = lengths.enumerated().flatMap { index, length in
      line.update(index, of: lengths.count)
      return benchmark.run(
        tokens: length,
        only: names.isEmpty
          ? nil : Set(all.filter { kernel in names.contains { kernel.hasPrefix($0) } }))
    }
    line.finish()
    let report = KernelReport(processor: HostMachine.current.processor, roofline: roofline, kernels: results)
    if json { try Output.json(report) } else { try Output.text(report.text) }
  }
}

/// What `bench kernels` tells.
struct KernelReport: Encodable {
  let processor: String
  let roofline: Roofline
  let kernels: [KernelResult]

  var text: String { [machine, table].joined(separator: "\n\n") }

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
