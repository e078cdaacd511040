import Policies

/// What one configuration of a policy takes to replay on one thread, for each query that is scored: measured, for estimates alone.
///
/// A policy that is not in the table, as one from elsewhere, is taken for a usual one.
struct ReplayPace {
  /// For each query, and for each token that the trace holds beside it, in nanoseconds.
  let query: Double
  let token: Double

  private init(_ query: Double, _ token: Double) { (self.query, self.token) = (query, token) }

  func seconds(tokens: Double) -> Double { (query + token * tokens) * 1e-9 }

  /// To read, widen and score a byte of the uncompressed trace.
  static let readingSeconds = 8e-9

  /// To time a configuration's kernels, one thread's work.
  static let timingSeconds = 0.06

  static func of(_ policy: PolicyConfiguration) -> ReplayPace { table[policy.descriptor.name] ?? usual }

  /// Of those in the table.
  static var names: [String] { Array(table.keys) }

  /// The medians of the table.
  private static let usual = Pace(8_700, 4.2)

  private typealias Pace = ReplayPace

  /// Processor time of two threads of an AMD EPYC with AVX-512, the better of two runs, less 0.09 s and the reading, of
  ///
  ///     fasa-sim replay TRACE --policy NAME --budget 64,128,256,512,19% --no-timing --detail head --db :memory:
  ///
  /// on `traces/code-896-all-layers.zst` and `traces/prose-8192.zst`; in place of the latter, for policies that need more
  /// layers, on `fasa-sim synth s.zst --tokens 8192 --decode 128 --layers 0-8`.
  private static let table: [String: ReplayPace] = [
    "dense": Pace(0, 0.076),
    "oracle": Pace(3_500, 0.97),
    "oracle-mass": Pace(13_000, 9.8),
    "random": Pace(7_500, 2.5),
    "streaming-llm": Pace(5_200, 1.2),
    "h2o": Pace(11_000, 2.6),
    "tova": Pace(7_900, 2),
    "scissorhands": Pace(11_000, 3.6),
    "snapkv": Pace(6_700, 2.1),
    "pyramidkv": Pace(7_200, 2),
    "adakv": Pace(8_500, 3),
    "cake": Pace(17_000, 16),
    "chunkkv": Pace(8_700, 2.4),
    "r-kv": Pace(0, 35),
    "expected-attention": Pace(14_000, 3.1),
    "keydiff": Pace(23_000, 5.3),
    "knorm": Pace(7_600, 1.4),
    "lagkv": Pace(0, 16),
    "triattention": Pace(17_000, 11),
    "duo-attention": Pace(3_700, 4.3),
    "raas": Pace(9_500, 2.3),
    "lazy-eviction": Pace(10_000, 3),
    "fasa": Pace(6_900, 2.4),
    "quest": Pace(8_000, 1.9),
    "quest-meanstd": Pace(7_700, 1.8),
    "arkvale": Pace(13_000, 2.4),
    "infllm": Pace(30_000, 0.33),
    "infllm-v2": Pace(7_100, 1.6),
    "moba": Pace(8_500, 1.4),
    "sparq": Pace(8_900, 9.1),
    "loki": Pace(8_600, 4.2),
    "double-sparsity": Pace(8_300, 3.8),
    "shadowkv": Pace(10_000, 5.2),
    "magicpig": Pace(49_000, 130),
    "socket": Pace(510_000, 92),
    "pqcache": Pace(9_500, 8.6),
    "pariskv": Pace(50_000, 13),
    "retroinfer": Pace(7_300, 17),
    "clusterkv": Pace(50_000, 8.9),
    "squeezed-attention": Pace(0, 39),
    "tidal": Pace(11_000, 2.5),
    "omnikv": Pace(0, 39),
    "kascade": Pace(11_000, 5.3),
    "infinigen": Pace(27_000, 3),
    "twilight": Pace(0, 32),
    "vattention": Pace(5_200, 62),
    "skip-softmax": Pace(0, 11),
    "rocketkv": Pace(81_000, 40),
    "gist": Pace(24_000, 32),
    "gist-pages": Pace(36_000, 38),
    "remnants": Pace(38_000, 31),
  ]
}
