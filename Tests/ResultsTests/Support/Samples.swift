import Attention
import Foundation
import Kernels
import Policies
import Simulator
import Traces

@testable import Results
@testable import Simulator

/// Small results with numbers that can be worked by hand.
enum Samples {
  static let run = RunInfo(
    commandLine: "fasa-sim replay prose.zst --policy 'fasa'", toolVersion: "0.1.0", hostCPU: "Some CPU",
    instructionSet: .avx2, threads: 2, startedAt: Date(timeIntervalSince1970: 1_700_000_000))

  /// 64 hexadecimal digits, as of a SHA-256.
  static func digest(_ digit: Character) -> String { String(repeating: digit, count: 64) }

  static let metadata = TraceMetadata(
    model: .init(name: "Tiny", architecture: "llama", weights: "F16 GGUF", sha256: digest("1")),
    geometry: .init(layers: 4, queryHeads: 2, kvHeads: 1, headDim: 64, valueDim: 64),
    capturedLayers: [0, 1, 3],
    rope: .init(pairing: .half, base: 10_000, rotaryDim: 64),
    attention: .init(scale: 0.125, slidingWindow: 512), tokens: .init(prompt: 9, decode: 3),
    text: .init(title: "A Text", licence: "CC0-1.0", kind: "prose", sha256: digest("2")),
    capture: .init(
      tool: "fasa-capture 1", engine: "llama.cpp", sampling: .teacherForced, created: "2025-01-02T03:04:05Z"))

  static func policy(_ text: String) throws -> PolicyConfiguration {
    let found = try PolicyGrammar.parse([text])
    guard let first = found.first, found.count == 1 else {
      throw PolicyError(text, expected: "one policy", found: "\(found.count)")
    }
    return first
  }

  /// One head of which every metric has the value `value(metric, step)`, counts of tokens rounded up.
  ///
  /// - Parameter norm: ‖o‖ of a step.
  static func head(
    layer: Int = 0, queryHead: Int = 0, steps: Int = 2, norm: (Int) -> Double = { _ in 1 },
    _ value: (Metric, Int) -> Double
  ) -> HeadResult {
    var head = HeadResult(layer: layer, queryHead: queryHead, kvHead: 0, stepCount: steps)
    head.outputNorms = (0..<steps).map(norm)
    for metric in Metric.allCases {
      let counts = [Metric.selected, .visible, .groupUnion].contains(metric)
      for step in 0..<steps {
        head[metric, step] = counts ? value(metric, step).rounded(.up) : value(metric, step)
      }
    }
    return head
  }

  static func traffic(
    layer: Int = 0, _ charges: [(TrafficKind, TrafficBytes)], device: Int = 0, host: Int = 0
  ) -> GroupWork {
    var work = Work()
    for (kind, bytes) in charges {
      let kernel: KernelKind = kind.pattern == .stream ? .stream : .gather
      work.charge(
        DecodeOperation(
          .attend, kernel, kind.content, rowBytes: 128, pattern: kind.pattern, tier: kind.tier), bytes)
    }
    return GroupWork(
      layer: layer, kvHead: 0, work: work, residentDeviceBytes: device, residentHostBytes: host)
  }

  /// Keys streamed by a lone KV head.
  static func keys(perHead: Int, groupUnion: Int, written: Int = 0) -> GroupWork {
    traffic([
      (
        TrafficKind(.keys, .stream),
        TrafficBytes(readPerHead: perHead, readGroupUnion: groupUnion, written: written)
      )
    ])
  }

  static func configuration(
    _ policy: String = "fasa", budget: Budget? = .tokens(4), heads: [HeadResult] = [head { _, _ in 0.5 }],
    layers: [LayerResult] = [],
    traffic: [GroupWork] = [keys(perHead: 200, groupUnion: 100)], freed: [FreedBlocks] = [],
    calibration: CalibrationUse? = nil,
    digest: String = digest("a"), samples: [KernelSample] = []
  ) throws -> ConfigurationResult {
    ConfigurationResult(
      configuration: ReplayConfiguration(policy: try Self.policy(policy), budget: budget),
      calibration: calibration, heads: heads, layers: layers, traffic: traffic, freed: freed,
      digest: digest,
      kernelSamples: samples)
  }

  static func result(
    trace: Character = "f", seed: UInt64 = 0, layers: [Int] = [0], steps: Int = 2,
    dense: [GroupWork] = [keys(perHead: 800, groupUnion: 400)], readBandwidth: Double? = nil,
    _ configurations: [ConfigurationResult]
  ) -> ReplayResult {
    ReplayResult(
      trace: TraceIdentity(path: "prose.zst", digest: digest(trace), fileSize: 4096, metadata: metadata),
      instructionSet: .avx2, threads: 2, seed: seed, layers: layers,
      steps: (0..<steps).map { Step(index: $0, position: 9 + $0, visible: 0..<10 + $0) },
      configurations: configurations, dense: dense, exactResultsDigest: digest("e"), notes: [],
      readBandwidth: readBandwidth)
  }

  static func sample(
    _ stage: Stage?, _ repeatIndex: Int, _ nanoseconds: Int, bytes: Int = 0
  ) -> KernelSample {
    KernelSample(
      stage: stage, repeatIndex: repeatIndex, layer: 0, kvHead: 0, nanoseconds: nanoseconds, bytes: bytes)
  }
}

extension ResultsStore {
  static func inMemory() throws -> ResultsStore { try ResultsStore(path: ":memory:") }

  /// Stores in a run of its own.
  @discardableResult
  func add(_ configurations: ConfigurationResult..., detail: Detail = .head) throws -> StoreReport {
    try store(Samples.result(configurations), run: try beginRun(Samples.run), detail: detail)
  }

  /// Leaves means alone, as versions before step sums stored without detail.
  func forgetSteps() throws {
    try write { try $0.execute(sql: "DELETE FROM step_sums; DELETE FROM steps; DELETE FROM layer_steps") }
  }
}

extension GroupWork {
  /// The same behind a hot buffer that found, and did not find, so many pages at each step.
  func finding(_ steps: [(hits: Int, misses: Int)]) -> GroupWork {
    var work = self
    work.hotSteps = steps.map { HotBufferStep(hits: $0.hits, misses: $0.misses) }
    return work
  }
}
