import Foundation
import TestSupport
import Testing

@testable import Experiments
@testable import fasa_sim

@Suite struct ExploreCommandTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
  }

  struct Report: Decodable {
    struct Point: Decodable, Equatable {
      let label: String
      let policy: String
      let budget: String?
      let loss: Double
      let cost: Double
      let meetsTarget: Bool
      let outputError: Double?
      let weightedOutputError: Double?
      let recall: Double?
      let modelledSpeedup: Double?
    }
    struct Effort: Decodable {
      struct Rung: Decodable {
        let layers: [Int]
        let steps: Int
        let evaluations: Int
      }
      let triedConfigurations: Int
      let gridConfigurations: Double
      let rungs: [Rung]
      let reusedEvaluations: Int
    }
    let verdict: String
    let costName: String
    let denseCost: Double
    let hypervolume: Double
    let effort: Effort
    let cheapest: Point?
    let nearest: Point?
    let cheapestByPolicy: [Point]
    let front: [Point]
  }

  func explore(_ options: String) throws -> Executable.Outcome {
    try Executable.run(["explore", "t.zst"] + options.split(separator: " ").map(String.init), in: folder)
  }

  func report(_ options: String) throws -> Report {
    let run = try explore(options + " --json")
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    return try JSONDecoder.ofTheDatabase.decode(Report.self, from: Data(run.output.utf8))
  }

  @Test func theCheapestMeetsTheTargetAndNothingTriedIsCheaper() throws {
    let found = try report("--max-output-error 0.5 --policy quest,snapkv,sparq --max-trials 80 --db r.db")
    let cheapest = try #require(found.cheapest)
    #expect(found.verdict == "met" && found.costName == "group_union_bytes_share" && found.denseCost == 1)
    #expect(cheapest.meetsTarget && cheapest.loss <= 0.5 && cheapest.cost < 1)
    #expect(found.front.contains(cheapest) && found.cheapestByPolicy.first == cheapest)
    #expect(found.front.allSatisfy { !$0.meetsTarget || $0.cost >= cheapest.cost })
    for (cheaper, dearer) in zip(found.front, found.front.dropFirst()) {
      #expect(cheaper.cost < dearer.cost && cheaper.loss > dearer.loss)
    }
    #expect(found.effort.triedConfigurations <= 80)
    #expect(found.effort.rungs.last?.layers == [0, 1] && found.effort.rungs.last?.steps == 40)
    #expect((found.effort.rungs.first?.steps ?? 40) < 40)
  }

  /// The front is of the weighted error, and its target is held; with a second target both are.
  @Test func theWeightedErrorIsATarget() throws {
    let found = try report("--max-weighted-error 0.4 --policy quest,snapkv --max-trials 40 --db r.db")
    let cheapest = try #require(found.cheapest)
    #expect(cheapest.meetsTarget && cheapest.loss <= 0.4 && cheapest.loss == cheapest.weightedOutputError)
    #expect(
      found.front.allSatisfy { $0.loss == $0.weightedOutputError && $0.meetsTarget == ($0.loss <= 0.4) })
    let both = try report(
      "--max-weighted-error 0.4 --min-recall 0.9 --policy quest,snapkv --max-trials 40 --db r.db")
    #expect(
      both.cheapestByPolicy.allSatisfy { ($0.weightedOutputError ?? 1) <= 0.4 && ($0.recall ?? 0) >= 0.9 })
    #expect(try #require(both.cheapest).cost > cheapest.cost)
    let text = try explore("--max-weighted-error 0.4 --policy quest,snapkv --max-trials 40 --db r.db").output
    #expect(text.contains("the front of weighted output error against bytes"))
    #expect(text.contains("weighted output error at most 0.4"))
  }

  /// Dense attention over fewer bits is a method, and the cache's bits are searched where they are named.
  @Test func bitsOfTheCacheAreAnAxis() throws {
    let found = try report(
      "--max-weighted-error 0.9 --policy dense,quest --kv-bits 16,8,4 --vary none --max-trials 60 --db r.db")
    let labels = Set((found.cheapestByPolicy + found.front).map(\.label))
    #expect(labels.contains { $0.hasPrefix("dense:kv=") } && labels.contains { $0.hasPrefix("quest:kv=") })
    #expect(!labels.contains("dense"))
    let refused = try explore("--max-weighted-error 0.9 --policy dense,quest --db r.db")
    #expect(refused.status == 1 && refused.errors.contains("dense: expected policies that can be deployed"))
  }

  @Test func theSameCommandFindsTheSameWithoutComputing() throws {
    let options = "--max-output-error 0.5 --policy quest,snapkv --max-trials 40 --seed 3"
    let (first, again) = (try report(options + " --db r.db"), try report(options + " --db r.db"))
    let elsewhere = try report(options + " --threads 1 --db other.db")
    #expect(first.front == again.front && first.front == elsewhere.front)
    #expect(first.effort.reusedEvaluations == 0 && elsewhere.effort.reusedEvaluations == 0)
    #expect(again.effort.reusedEvaluations == again.effort.rungs.map(\.evaluations).reduce(0, +))
    // Ordinary configurations: a replay finds them, with the same figures.
    let cheapest = try #require(first.cheapest)
    let parts = cheapest.label.components(separatedBy: " @ ")
    let replay = try Executable.run(
      [
        "replay", "t.zst", "--policy", parts[0], "--budget", parts[1], "--seed", "3", "--no-timing", "--db",
        "r.db",
      ],
      in: folder)
    #expect(replay.output.hasSuffix("stored in r.db (1 of 1 were there already)\n"))
    #expect(replay.output.contains(NumberText.decimal(cheapest.outputError)))
  }

  @Test func theSearchComesNearBruteForceWithFewerEvaluations() throws {
    let options = "--max-output-error 0.5 --policy quest,snapkv --vary page,scope,window,kernel"
    let all = try report(options + " --exhaustive --db all.db")
    let search = try report(options + " --max-trials 100 --db search.db")
    #expect(Double(all.effort.triedConfigurations) == all.effort.gridConfigurations)
    #expect(search.effort.triedConfigurations < all.effort.triedConfigurations / 2)
    #expect(search.hypervolume > 0.97 * all.hypervolume)
  }

  @Test func aTargetThatNothingMeetsIsSaidWithTheNearest() throws {
    let options = "--max-output-error 1e-9 --policy streaming-llm --vary none --max-trials 20 --db r.db"
    let found = try report(options)
    #expect(found.verdict == "not-met" && found.cheapest == nil && found.cheapestByPolicy.isEmpty)
    let nearest = try #require(found.nearest)
    #expect(nearest.budget.flatMap(Double.init).map { $0 > 0.85 } == true)
    let text = try explore(options)
    #expect(text.status == 0)
    #expect(
      text.output.contains(
        "none of the configurations tried has output error at most 1e-09: nearest is \(nearest.label) with output error "
      ))
  }

  @Test func whatMeetsAtACostAboveDenseAttentionIsSaidSo() throws {
    // A thousand hash tables, read for every token.
    let found = try report(
      "--min-mass 0.9 --policy magicpig:bits=1,tables=1000 --vary none --max-trials 10 --db r.db")
    #expect(found.verdict == "dense-is-cheaper" && found.front.isEmpty)
    #expect(found.cheapest.map { $0.cost >= found.denseCost } == true)
  }

  @Test func aMachineGivesModelledTime() throws {
    let options =
      "--max-output-error 0.5 --policy quest,snapkv --max-trials 30 --db r.db --hardware h100-sxm --geometry llama-3.1-8b --context 64k"
    let found = try report(options)
    let cheapest = try #require(found.cheapest)
    #expect(found.costName == "policy_ns" && found.denseCost > 1000)
    #expect(cheapest.modelledSpeedup.map { abs($0 - found.denseCost / cheapest.cost) < 1e-9 } == true)
    let text = try explore(options).output
    #expect(text.contains("cost: NVIDIA H100") && text.contains("llama-3.1-8b, context 64k, batch 1"))
    #expect(text.contains("note: ~ extrapolated"))
    // Priced as model prices what is stored; a label may be stored for each rung.
    let model = try Executable.run(
      "model --db r.db --hardware h100-sxm --geometry llama-3.1-8b --context 64k --no-store --json"
        .split(separator: " ").map(String.init), in: folder)
    struct Priced: Decodable {
      struct Point: Decodable {
        let label: String
        let modelledSpeedup: Double
      }
      let points: [Point]
    }
    let priced = try JSONDecoder.ofTheDatabase.decode(Priced.self, from: Data(model.output.utf8)).points
    #expect(
      priced.contains { $0.label == cheapest.label && $0.modelledSpeedup == cheapest.modelledSpeedup })
  }

  @Test(arguments: [
    (
      "",
      "expected a target, found none: give --max-output-error",
      64
    ),
    ("--max-weighted-error 0", "--max-weighted-error 0.0: expected more than 0", 64),
    ("--max-output-error 0", "--max-output-error 0.0: expected more than 0", 64),
    ("--min-recall 1.5", "--min-recall 1.5: expected more than 0 and at most 1", 64),
    ("--min-mass 0.9 --max-trials 3", "--max-trials 3: expected 10 to 20000", 64),
    ("--min-mass 0.9 --context 64k", "--context: expected --hardware with it", 64),
    (
      "--min-mass 0.9 --hardware h100-sxm --context 1k,4k",
      "--context: expected one value to search at, found 2", 64
    ),
    (
      "--min-mass 0.9 --hardware h100-sxm,l40s", "--hardware: expected one machine to search for, found 2", 64
    ),
    (
      "--min-mass 0.9 --policy oracle",
      "oracle: expected policies that can be deployed, found a bound", 1
    ),
    (
      "--min-mass 0.9 --policy quest --vary pages",
      "parameter 'pages': expected parameters of the policies searched, found none of that name", 1
    ),
    (
      "--min-mass 0.9 --exhaustive",
      "exhaustive search: expected a grid of at most 20000 configurations, found", 1
    ),
    ("--min-mass 0.9 --layers 7", "t.zst: expected layers among its 0-1, found 7; choose among those", 1),
  ])
  func badInputIsOneErrorAndLeavesNothing(options: String, message: String, status: Int32) throws {
    let run = try explore(options + " --db none.db")
    #expect(run.status == status && run.output.isEmpty)
    #expect(run.errors.contains(message), "\(run.errors)")
    #expect(!folder.holds("none.db"))
  }

  /// What is found within the bytes is within them, and nothing that was judged there is better.
  @Test func theBestWithinBytesIsFound() throws {
    let found = try report("--max-bytes 40% --policy quest,streaming-llm --max-trials 60")
    let best = try #require(found.cheapest)
    #expect(
      found.verdict == "met" && found.costName == "group_union_bytes_share" && best.cost <= 0.4
        && best.meetsTarget)
    #expect(found.cheapestByPolicy.allSatisfy { $0.cost <= 0.4 && $0.loss >= best.loss })
    #expect(found.front.filter { $0.cost <= 0.4 }.allSatisfy { $0.loss >= best.loss })
    #expect(found.front.allSatisfy { $0.meetsTarget == ($0.cost <= 0.4) && $0.loss == $0.outputError })
    let text = try explore("--max-bytes 40% --policy quest,streaming-llm --max-trials 60")
    #expect(
      text.output.contains(
        "least output error with at most 40.0 % of dense attention's bytes: \(best.label)"))
  }

  @Test(arguments: [
    ("--max-bytes 20% --min-recall 0.5", "one of them alone"),
    ("--max-bytes 20% --max-time 20%", "one of them alone"),
    ("--max-time 20%", "expected --hardware"), ("--max-bytes 20% --hardware h100-sxm", "give --max-time"),
    ("--max-bytes 120%", "max-bytes"), ("", "expected a target"),
  ])
  func targetsThatContradictAreRefused(options: String, words: String) throws {
    let run = try explore(options)
    #expect(run.status == 64 && run.errors.contains(words), "\(run.errors)")
  }
}
