import Foundation
import Kernels
import Policies
import Results
import TestSupport
import Testing
import Traces

@testable import Experiments
@testable import fasa_sim

@Suite struct ReplayCommandTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func replay(_ options: String, trace: String = "t.zst", environment: [String: String] = [:]) throws
    -> Executable.Outcome
  {
    try Executable.run(
      ["replay", trace] + options.split(separator: " ").map(String.init), in: folder, environment: environment
    )
  }

  /// A real trace, so that the command of the help is what runs.
  @Test func aBundledTraceGivesOneDigestHoweverItIsComputed() throws {
    let trace = Inputs.bundledTrace("code-896-all-layers.zst")
    var digests: Set<Substring> = []
    for set in InstructionSet.available {
      for threads in 1...2 {
        let run = try replay(
          "--policy oracle,random,streaming-llm,fasa:chunks=100% --budget 0.19 --layers 3-4 --steps 0-2 --no-timing "
            + "--db :memory: --threads \(threads) --isa \(set.rawValue)", trace: trace)
        #expect(run.status == 0 && run.errors.isEmpty)
        #expect(run.digests.count == 1)
        digests.formUnion(run.digests)
      }
    }
    // As every build and machine must find it.
    #expect(digests == ["2cd5e2f63da40a366c7e78adb46397d54eb5433b8384fc43dcbbdfc2be6afc25"])
  }

  @Test func theTableTellsOfEveryConfiguration() throws {
    try Inputs.trace(in: folder)
    let run = try replay("--policy dense,oracle,streaming-llm:sinks=8 --budget 10,0.25 --no-timing --db r.db")
    #expect(run.status == 0 && run.errors.isEmpty)
    let lines = run.output.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(
      lines.first
        == "synthetic, none (synthetic): 120 tokens, 40 decode steps (0-39, at positions 80-119), layers 0-1, 6 query heads"
    )
    let rows = lines.map { $0.split(separator: " ", omittingEmptySubsequences: true) }
    #expect(rows[2].first == "policy")
    #expect(
      rows[4...8].map { $0.prefix(3).joined(separator: " ") } == [
        "dense bound –", "oracle bound 10", "oracle bound 0.25", "streaming-llm:sinks=8 eviction 10",
        "streaming-llm:sinks=8 eviction 0.25",
      ])
    // Recall, mass, share of the oracle's mass.
    #expect(rows[4][3...5] == ["1.000", "1.000", "1.000"])
    #expect(rows[5][3] == "1.000" && rows[5][5] == "1.000")
    #expect(lines.last == "stored in r.db" || lines.dropLast().last == "stored in r.db")
    #expect(run.output.contains("note: not on equal footing") == false)
    #expect(folder.holds("r.db"))
  }

  /// A column more where the trace holds output projections, and only there.
  @Test func errorsOfWholeLayersAreToldWhereTheTraceHoldsProjections() throws {
    let synth =
      "synth t.zst --tokens 80 --decode 16 --window 4 --layers 0-1 --query-heads 4 --kv-heads 2 --head-dim 16"
    func told(_ more: String, _ options: String = "") throws -> String {
      let made = try Executable.run(
        (synth + " --force" + more).split(separator: " ").map(String.init), in: folder)
      #expect(made.status == 0)
      let run = try replay(
        "--policy oracle,random --budget 10 --no-timing --db r.db --detail step --verbose" + options)
      #expect(run.status == 0 && run.errors.isEmpty)
      return run.output
    }
    #expect(try !told("").contains("projected"))
    let output = try told(" --output-projection")
    let rows = output.split(separator: "\n").map { $0.split { $0 == " " }.map(String.init) }
    let place = try #require(rows[1].firstIndex(of: "projected"))
    // "of oracle's" and "output error" are of two words each.
    let values = try rows[3...4].map { try #require(Double($0[place - 2])) }
    #expect(values.allSatisfy { $0 > 0.05 } && values[0] < values[1])
    #expect(
      output.contains(
        "projected: error of whole layers after their output projection, Σ‖Wo (o_S − o)‖ / Σ‖Wo o‖\n"))
    let part = try told(" --output-projection", " --heads 0-2")
    #expect(part.contains("unknown where some of their query heads are left out") && part.contains(" – "))
    let compared = try Executable.run(
      ["compare", "configuration:3", "configuration:4", "--db", "r.db"], in: folder)
    #expect(compared.status == 0 && compared.output.contains("\nprojected_output_error "))
    let info = try Executable.run(["info", "t.zst", "--verify"], in: folder)
    #expect(info.status == 0 && info.output.contains("projections  "))
    #expect(info.output.contains("of layers 0-1, to 64 channels\n"))
  }

  @Test func otherFootingIsSaid() throws {
    try Inputs.trace(in: folder)
    try Inputs.profile(in: folder)
    let run = try replay(
      "--policy fasa,streaming-llm --profile p.json --budget 10 --no-timing --db :memory: --verbose")
    #expect(run.status == 0)
    #expect(run.output.contains("note: not on equal footing: sinks is 0 for fasa; 4 for streaming-llm\n"))
    #expect(run.output.contains("note: calibrated on 'none' (p.json): fasa\n"))
  }

  /// Without a profile of the model, policies that need one are left out, and said to be.
  @Test(arguments: [true, false]) func allRunsEveryPolicyThatTheTraceServes(hasProfile: Bool) throws {
    try Inputs.trace(in: folder)
    try Inputs.profile(in: folder)
    let run = try replay(
      "--policy all \(hasProfile ? "--profile p.json " : "")--budget 10,0.25 --no-timing --db :memory: --verbose"
    )
    #expect(run.status == 0 && run.errors.isEmpty)
    let rows = run.output.split(separator: "\n").map { $0.split(separator: " ") }
    let uncalibrated =
      hasProfile
      ? []
      : Set(
        PolicyRegistry.policies.map { PolicyConfiguration($0) }.filter(\.isCalibrated).map(\.descriptor.name))
    // The trace holds no scores.
    let left = uncalibrated.union(["scored", "criticalkv"])
    #expect(hasProfile || left.isSuperset(of: ["fasa", "loki", "double-sparsity"]))
    for policy in PolicyRegistry.policies.map({ $0.descriptor }) where policy.name != "external" {
      let lines = rows.filter { $0.first.map(String.init) == policy.name }
      #expect(lines.count == (left.contains(policy.name) ? 0 : policy.usesBudget ? 2 : 1), "\(policy.name)")
      #expect(lines.allSatisfy { $0[1] == policy.kind.rawValue })
    }
    for name in uncalibrated {
      #expect(
        run.output.contains("note: left out: \(name): expected a profile of synthetic"))
    }
    #expect(run.output.contains("note: not on equal footing: sinks is "))
  }

  @Test func equalBytesBuyEachPolicyItsTokens() throws {
    try Inputs.trace(in: folder)
    let run = try replay(
      "--policy streaming-llm,quest:dense-layers=0,oracle,dense --budget-bytes 30% --reading per-head --no-timing --db :memory: --json"
    )
    #expect(run.status == 0)
    let json = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    let trace = try #require((json["traces"] as? [[String: Any]])?.first)
    let configurations = try #require(trace["configurations"] as? [[String: Any]])
    #expect(configurations.map { $0["policy"] as? String } == ["streaming-llm", "quest", "dense"])
    for configuration in configurations.prefix(2) {
      let share = try #require(configuration["per_head_bytes_share"] as? Double)
      #expect(share > 0.25 && share < 0.32)
    }
    let notes = try #require(trace["notes"] as? [String])
    #expect(
      notes.contains {
        $0.hasPrefix("left out: oracle: one token with what it reads to choose costs more than 30.0 %")
      })
    #expect(
      notes.contains {
        $0.hasPrefix("budgets are what 30.0 % of dense attention's bytes buy (per-head reading")
      })
    // 40 steps are all that budgets are found on here.
    let reached = try configurations.map { configuration in
      let label = try #require(configuration["policy"] as? String)
      return
        "\(NumberText.percent(try #require(configuration["per_head_bytes_share"] as? Double))) by \(label)"
    }
    let note = try #require(
      notes.first { $0.hasPrefix("budgets are found on the first 40 steps; reached over all: ") })
    #expect(note.contains(reached[0]) && note.contains(reached[1]) && note.contains(reached[2]))
  }

  @Test func selfCalibrationIsSaid() throws {
    try Inputs.trace(in: folder)
    let run = try replay("--policy fasa --self-calibrate --budget 10 --no-timing --db :memory:")
    #expect(run.status == 0)
    #expect(
      run.output.contains(
        "note: calibrated on this trace's own 32 earliest traced queries, none of which is scored\n"))
    try Inputs.profile(in: folder)
    let both = try replay("--policy fasa --self-calibrate --profile p.json --budget 10 --db :memory:")
    #expect(both.status == 64)
    #expect(
      both.errors.hasPrefix(
        "Error: --profile and --self-calibrate: expected one of them, found both; leave one out\n"))
  }

  /// What a policy is scored on does not depend on its neighbours: FASA alone is refused, and among all left out.
  @Test func withoutAProfileFASAIsRefusedOrLeftOut() throws {
    try SyntheticTrace(prompt: 40, decode: 6, window: 4, seed: 5).write(to: folder.path("t.zst"))
    let refused = try replay("--policy oracle,fasa --budget 10 --no-timing --db r.db")
    #expect(refused.status == 1)
    #expect(
      refused.errors.hasPrefix(
        "Error: t.zst: fasa: expected a profile of synthetic, found none given or bundled; calibrate on another text of the model"
      ))
    #expect(refused.errors.contains("or self-calibrate, which takes the trace's own earliest queries"))
    #expect(!folder.holds("r.db"))
    let all = try replay("--policy all --budget 10 --no-timing --db :memory: --verbose")
    #expect(all.status == 0)
    #expect(
      all.output.contains(
        "note: left out: fasa: expected a profile of synthetic, found none given or bundled"))
    #expect(all.output.contains("6 decode steps"))
    // One note for all of them, before the others.
    let short = try replay("--policy all --budget 10 --no-timing --db :memory:").output
    let notes = short.split(separator: "\n").filter { $0.hasPrefix("note: ") }
    #expect(notes.count == 3 && !short.contains("found none given or bundled"))
    #expect(notes[0].hasPrefix("note: left out: ") && notes[0].contains(" policies ("))
    #expect(notes[0].contains("fasa, ") && notes[0].hasSuffix("); --verbose says why"))
  }

  /// Refused before any policy looks anything up in it, and not a reason to leave policies out.
  @Test(arguments: ["all", "fasa", "loki,oracle"]) func aProfileOfAnotherModelIsAnError(policy: String) throws
  {
    try Inputs.profile(in: folder)
    try SyntheticTrace(
      prompt: 60, decode: 4,
      geometry: .init(layers: 3, queryHeads: 12, kvHeads: 4, headDim: 32, valueDim: 32), seed: 9
    ).write(to: folder.path("t.zst"))
    for command in ["replay", "sweep", "explore"] {
      let target = command == "explore" ? "--max-output-error 0.5" : "--budget 10 --no-timing"
      let arguments = "\(command) t.zst --policy \(policy) --profile p.json \(target) --db r.db"
      // A bound is no policy to explore.
      let asked = command == "explore" ? arguments.replacing(",oracle", with: "") : arguments
      let run = try Executable.run(asked.split(separator: " ").map(String.init), in: folder)
      #expect(run.status == 1)
      #expect(
        run.errors.hasPrefix("Error: p.json: expected a profile of synthetic (3 layers, 12 query heads"))
      #expect(!folder.holds("r.db"))
    }
  }

  @Test func timingsAreBesideTheSameDigest() throws {
    try Inputs.trace(in: folder)
    let options = "--policy oracle,streaming-llm --budget 10 --layers 0 --db :memory:"
    let timed = try replay(options)
    #expect(timed.status == 0)
    #expect(timed.output.contains("×"))
    let untimed = try replay(options + " --no-timing")
    #expect(!untimed.output.contains("×"))
    #expect(timed.digests == untimed.digests && timed.digests.count == 1)
  }

  @Test func jsonHoldsTheDocumentedKeys() throws {
    try Inputs.trace(in: folder)
    let run = try replay(
      "--policy oracle,random --budget 10 --steps 0-3 --heads 0-2 --no-timing --db r.db --json")
    #expect(run.status == 0 && run.errors.isEmpty)
    let json = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    #expect(Set(json.keys) == ["database", "traces", "modelled"])
    #expect(json["database"] as? String == "r.db")
    let trace = try #require((json["traces"] as? [[String: Any]])?.first)
    #expect(
      Set(trace.keys) == [
        "trace", "notes", "exact_results_digest", "reused_configurations", "read_bandwidth_bytes_per_s",
        "configurations",
      ])
    #expect(trace["trace"] as? String == "t.zst" && trace["reused_configurations"] as? Int == 0)
    let configurations = try #require(trace["configurations"] as? [[String: Any]])
    #expect(configurations.map { $0["policy"] as? String } == ["oracle", "random"])
    let keys: Set = [
      "label", "policy", "kind", "parameters", "budget", "trace_digest", "layers", "query_heads", "steps",
      "step_count",
      "recall", "precision", "mass", "oracle_mass", "mass_ratio", "output_error", "weighted_output_error",
      "oracle_output_error",
      "selected",
      "visible", "group_union", "jaccard_previous", "selected_share", "per_head_bytes", "group_union_bytes",
      "dense_per_head_bytes", "dense_group_union_bytes", "per_head_bytes_share", "group_union_bytes_share",
      "resident_device_bytes", "resident_host_bytes", "exact_results_digest",
    ]
    for configuration in configurations {
      #expect(keys.subtracting(configuration.keys).isEmpty)
      #expect(configuration["step_count"] as? Int == 4)
      #expect(configuration["query_heads"] as? String == "0-2")
      // As --steps takes them, after 32 traced queries of the prompt.
      #expect(configuration["steps"] as? String == "0-3" && configuration["positions"] as? String == "80-83")
      #expect(configuration["build"] as? String == SourceBuild.digest)
    }
    #expect(configurations.first?["recall"] as? Double == 1)
  }

  @Test func severalTracesAreSeveralTables() throws {
    try Inputs.trace(in: folder)
    try Inputs.trace(in: folder, name: "u.zst", seed: 2)
    let run = try replay("u.zst --policy oracle --budget 10 --no-timing --db r.db")
    #expect(run.status == 0)
    #expect(run.digests.count == 2 && Set(run.digests).count == 2)
  }

  @Test func bundledProfilesAreFoundByModelAndText() throws {
    try Inputs.trace(in: folder)
    try FileManager.default.createDirectory(
      at: folder.url.appending(path: "some"), withIntermediateDirectories: true)
    _ = try folder.file(Data("{}".utf8), "some/a-broken-one.json")
    try Inputs.profile(in: folder, name: "some/b.json")
    let run = try replay(
      "--policy fasa --budget 10 --no-timing --db :memory:",
      environment: ["FASA_SIM_PROFILES": folder.path("some")])
    #expect(run.status == 0)
    #expect(run.output.contains("some/b.json): fasa\n"))
  }
}
