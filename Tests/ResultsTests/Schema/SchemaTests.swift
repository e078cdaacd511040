import GRDB
import Testing

@testable import Results
@testable import Simulator

/// The schema refuses what cannot be, and has room for every metric.
struct SchemaTests {
  let store: ResultsStore

  init() throws {
    store = try ResultsStore.inMemory()
    try store.add(
      try Samples.configuration(
        layers: [LayerResult(layer: 0, differenceNorms: [1, 1], outputNorms: [2, 2])],
        traffic: [Samples.keys(perHead: 200, groupUnion: 100).finding([(3, 1), (2, 2)])],
        freed: [FreedBlocks(layer: 0, blocks: 20, freed: 5)],
        samples: [Samples.sample(.score, 0, 10)]), detail: .step)
    let profile = CalibrationProfile(
      version: 1,
      model: .init(name: "Tiny", sha256: "", layers: 1, queryHeads: 1, kvHeads: 1, headDim: 2),
      slices: .rope, pairing: .half, texts: [], layers: [.init(layer: 0, window: 256, agreement: [[0.5]])])
    try store.store(profile, digest: Samples.digest("9"))
    try store.write { db in
      try db.execute(
        sql: """
          INSERT INTO modelled VALUES (1, 'a100', '\(Samples.digest("9"))', 'llama', 1024, 1, 'per-head', 'score',
            1.5, 2.5, NULL, NULL, NULL, 0)
          """)
    }
  }

  @Test(arguments: [
    "traces", "runs", "scopes", "configurations", "run_configurations", "head_summaries", "steps", "traffic",
    "residency", "dense_traffic", "dense_residency", "kernel_samples", "modelled", "profiles",
    "contextual_agreement", "layer_summaries", "layer_steps", "hot_groups", "hot_steps",
    "freed_blocks", "step_sums",
  ])
  func aRowCannotBeThereTwice(table: String) throws {
    try refuses("INSERT INTO \(table) SELECT * FROM \(table)", .SQLITE_CONSTRAINT)
  }

  @Test(arguments: [
    "configurations SET run = 9", "configurations SET trace = 9", "configurations SET scope = 9",
    "scopes SET trace = 9", "run_configurations SET run = 9", "run_configurations SET configuration = 9",
    "head_summaries SET configuration = 9", "steps SET configuration = 9", "traffic SET configuration = 9",
    "residency SET configuration = 9", "dense_traffic SET scope = 9", "dense_residency SET scope = 9",
    "kernel_samples SET configuration = 9", "kernel_samples SET run = 9", "modelled SET configuration = 9",
    "contextual_agreement SET profile = 9", "layer_summaries SET configuration = 9",
    "layer_steps SET configuration = 9", "hot_groups SET configuration = 9",
    "hot_steps SET configuration = 9", "freed_blocks SET configuration = 9",
    "step_sums SET configuration = 9",
  ])
  func aRowNeedsWhatItRefersTo(change: String) throws {
    try refuses("UPDATE \(change)", .SQLITE_CONSTRAINT_FOREIGNKEY)
  }

  @Test(arguments: [
    "traces SET digest = 'abc'", "traces SET file_bytes = -1", "traces SET model_layers = 0",
    "traces SET query_heads = 0", "traces SET kv_heads = 3", "traces SET head_dim = 0",
    "traces SET value_dim = 0", "traces SET prompt_tokens = -1", "traces SET decode_tokens = -1",
    "traces SET metadata = '{'", "runs SET threads = 0", "runs SET read_bandwidth_bytes_per_s = 0",
    "runs SET exact_results_digest = ''", "scopes SET layer_count = 0", "scopes SET query_head_count = 0",
    "scopes SET step_count = 0", "configurations SET identity = ''", "configurations SET kind = 'other'",
    "configurations SET parameters = 'sinks=4'", "configurations SET calibration = 'guess'",
    "configurations SET calibration = 'profile', calibration_texts = '[]'",
    "configurations SET profile_digest = identity", "configurations SET calibration_texts = '[]'",
    "configurations SET calibration = 'own-queries', calibration_texts = '['",
    "configurations SET calibration = 'profile', calibration_texts = '[]', profile_digest = 'abc'",
    "configurations SET exact_results_digest = ''", "run_configurations SET role = 'guessed'",
    "head_summaries SET layer = -1", "head_summaries SET query_head = -1", "head_summaries SET kv_head = -1",
    "head_summaries SET step_count = 0", "head_summaries SET recall_count = -1", "steps SET layer = -1",
    "steps SET query_head = -1", "steps SET step = step - 9", "steps SET position = -1",
    "traffic SET content = 'queries'", "traffic SET tier = 'disk'", "traffic SET pattern = 'gather'",
    "traffic SET pattern = 'walk'", "traffic SET piece_bytes = 64", "traffic SET row_bytes = -1",
    "traffic SET bits = 0", "traffic SET stage = 'dense'", "traffic SET kernel = 'magic'",
    "traffic SET layer = -1",
    "traffic SET kv_head = -1", "traffic SET read_per_head_bytes = -1",
    "traffic SET read_group_union_bytes = -1", "traffic SET written_bytes = -1",
    "dense_traffic SET piece_bytes = 64", "residency SET layer = -1", "residency SET kv_head = -1",
    "residency SET resident_device_bytes = -1", "residency SET resident_host_bytes = -1",
    "kernel_samples SET stage = 'all'", "kernel_samples SET layer = -1", "kernel_samples SET kv_head = -1",
    "kernel_samples SET repeat = -1", "kernel_samples SET duration_ns = -1",
    "kernel_samples SET moved_bytes = -1", "modelled SET hardware_digest = ''",
    "modelled SET context_tokens = 0", "modelled SET batch = 0", "modelled SET reading = 'shared'",
    "modelled SET duration_ns = -1", "modelled SET moved_bytes = -1", "modelled SET extrapolated = 2",
    "profiles SET digest = ''", "profiles SET model_layers = 0", "profiles SET query_heads = 0",
    "profiles SET kv_heads = 0", "profiles SET head_dim = 0", "profiles SET slices = 'none'",
    "profiles SET pairing = 'none'", "profiles SET texts = '['", "contextual_agreement SET layer = -1",
    "contextual_agreement SET window = 0", "contextual_agreement SET query_head = -1",
    "contextual_agreement SET chunk = -1", "contextual_agreement SET agreement = 1.5",
    "layer_summaries SET layer = -1", "layer_summaries SET step_count = 0",
    "layer_summaries SET projected_output_error_count = -1", "layer_steps SET layer = -1",
    "layer_steps SET step = step - 9", "layer_steps SET position = -1",
    "hot_groups SET layer = -1", "hot_groups SET kv_head = -1", "hot_groups SET step_count = 0",
    "hot_groups SET hits = -1", "hot_groups SET misses = -1", "hot_groups SET misses_p50 = -1",
    "hot_groups SET misses_p95 = -1", "hot_groups SET misses_max = -1", "hot_steps SET layer = -1",
    "hot_steps SET kv_head = -1", "hot_steps SET step = step - 9", "hot_steps SET position = -1",
    "hot_steps SET hits = -1", "hot_steps SET misses = -1", "freed_blocks SET layer = -1",
    "freed_blocks SET block_tokens = 0", "freed_blocks SET blocks = 0", "freed_blocks SET freed = blocks + 1",
    "step_sums SET step = step - 9", "step_sums SET position = -1", "step_sums SET recall_count = -1",
    "step_sums SET mass_count = -1", "step_sums SET output_error_count = -1",
    "step_sums SET projected_output_error_count = -1",
  ])
  func aValueIsInItsRange(change: String) throws {
    try refuses("UPDATE \(change)", .SQLITE_CONSTRAINT_CHECK)
  }

  @Test func typesAreStrict() throws {
    try refuses("UPDATE runs SET threads = 'two'", .SQLITE_CONSTRAINT_DATATYPE)
    try refuses("UPDATE steps SET selected = 0.5", .SQLITE_CONSTRAINT_DATATYPE)
  }

  private func refuses(_ sql: String, _ code: ResultCode) throws {
    let error = try #require(throws: DatabaseError.self) {
      try store.database.write { try $0.execute(sql: sql) }
    }
    #expect(code ~= error.extendedResultCode, "\(error)")
  }

  @Test func everyMetricHasItsColumns() throws {
    let (summaries, steps) = try store.read { db in
      (try db.columns(in: "head_summaries").map(\.name), try db.columns(in: "steps").map(\.name))
    }
    let names = Metric.allCases.map(\.name)
    #expect(names.allSatisfy(steps.contains))
    for statistic in ["count", "mean", "p5", "p50", "p95"] {
      #expect(names.allSatisfy { summaries.contains("\($0)_\(statistic)") })
    }
  }

  @Test func deletingAConfigurationTakesItsRows() throws {
    try store.write { try $0.execute(sql: "DELETE FROM configurations") }
    let tables = [
      "run_configurations", "head_summaries", "steps", "traffic", "residency", "kernel_samples", "modelled",
      "layer_summaries", "layer_steps", "hot_groups", "hot_steps", "freed_blocks",
      "step_sums",
    ]
    for table in tables {
      #expect(try store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") } == 0, "\(table)")
    }
  }
}
