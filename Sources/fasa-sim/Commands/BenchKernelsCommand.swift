import ArgumentParser
import Attention
import Experiments
import Foundation
import Kernels
import Machine
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

  @OptionGroup var format: FormatOptions

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
      let known = Set(all).sorted()
      throw ReplayError(
        "--kernel '\(name)'", expected: "the beginning of a kernel's name", found: "another",
        advice: NearestName.question(name, among: known)
          ?? "choose from \(known.map { "'\($0)'" }.joined(separator: ", "))")
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
    try format.print(json: report.json, rows: report.rows, document: report.document)
  }
}
