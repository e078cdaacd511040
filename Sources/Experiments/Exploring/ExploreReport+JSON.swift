import Pricing
import Simulator

extension ExploreReport {
  /// The report as an object.
  public struct JSON: Encodable {
    let database: String
    let trace: String
    let target: [String: Double]
    let verdict: Verdict
    /// What `loss` is of: the front's quality axis.
    let lossName: String
    /// What `cost` is: `nanosecondsPerLayer` or `shareOfDenseBytes`.
    let costName: String
    let denseCost: Double?
    let hardware: String?
    let kernels: String?
    let geometry: String?
    let batch: Int
    let reading: String
    let notes: [String]
    let effort: Effort
    /// Area under the loss of 1 and dense attention's cost that the front dominates.
    let hypervolume: Double
    let cheapest: Point?
    let nearest: Point?
    let oracle: Point?
    let cheapestByPolicy: [Point]
    let front: [Point]

    struct Effort: Encodable {
      let triedConfigurations: Int
      let gridConfigurations: Double
      let rungs: [Rung]
      let fullEvaluationEquivalents: Double
      let reusedEvaluations: Int
      let seconds: Double
    }

    struct Rung: Encodable {
      let layers: [Int]
      let firstStep: Int
      let steps: Int
      let evaluations: Int
    }

    struct Point: Encodable {
      let configuration: String
      let policy: String
      let parameters: [String: String]
      let budget: String?
      let loss: Double
      let cost: Double
      let meetsTarget: Bool
      let outputError: Double?
      let weightedOutputError: Double?
      let recall: Double?
      let mass: Double?
      let selectedShare: Double?
      let perHeadBytesShare: Double?
      let groupUnionBytesShare: Double?
      let speedUp: Double?
      /// Of all layers, where some see the latest tokens alone; `cost` is then the mean over layers.
      let layers: PricingJob.Windows.JSON?
      let wholeModelSpeedUp: Double?
      /// Of times of its kind, on measurements that no fit saw; left out where none were had.
      let relativeError: ModelError?
      let isExtrapolated: Bool?
      let fits: Bool?
    }
  }

  public var json: JSON {
    var asked: [String: Double] = [:]
    asked["maxOutputError"] = target.maxOutputError
    asked["maxWeightedError"] = target.maxWeightedError
    asked["minRecall"] = target.minRecall
    asked["minMass"] = target.minMass
    return JSON(
      database: database, trace: trace.path, target: asked, verdict: verdict, lossName: target.lossName,
      costName: pricing.machine == nil ? "shareOfDenseBytes" : "nanosecondsPerLayer",
      denseCost: judged.first?.cost.dense, hardware: pricing.machine?.machine.name,
      kernels: pricing.machine?.kernels.name,
      geometry: pricing.machine == nil ? nil : pricing.model?.name ?? "own", batch: pricing.batch,
      reading: pricing.reading.rawValue, notes: jobNotes,
      effort: JSON.Effort(
        triedConfigurations: result.tried, gridConfigurations: gridSize,
        rungs: zip(rungs, result.evaluations).map {
          JSON.Rung(
            layers: $0.layers, firstStep: $0.steps.lowerBound, steps: $0.steps.count, evaluations: $1)
        }, fullEvaluationEquivalents: equivalents, reusedEvaluations: reused, seconds: seconds),
      hypervolume: hypervolume, cheapest: cheapest.map(point), nearest: nearest.map(point),
      oracle: oracle.map(point), cheapestByPolicy: cheapestByPolicy.map(point), front: front.map(point))
  }

  private func point(_ judged: Judged) -> JSON.Point {
    let (row, priced) = (judged.row, judged.cost.point)
    return JSON.Point(
      configuration: row.label, policy: row.policy,
      parameters: Dictionary(judged.configuration.policy.parameters.map { ($0.name, $0.value) }) { first, _ in
        first
      }, budget: row.budget, loss: judged.tradeOff.loss, cost: judged.cost.value,
      meetsTarget: judged.tradeOff.meetsTarget, outputError: row.outputError,
      weightedOutputError: row.weightedOutputError, recall: row.recall, mass: row.mass,
      selectedShare: row.selectedShare, perHeadBytesShare: row.perHeadBytesShare,
      groupUnionBytesShare: row.groupUnionBytesShare, speedUp: priced?.speedUpOfLayers,
      layers: priced?.windows?.json(fits: true),
      wholeModelSpeedUp: priced?.wholeSpeedUp,
      relativeError: priced.flatMap { $0.row.machine.error(of: $0.step.kind, at: $0.step.geometry) },
      isExtrapolated: priced?.row.isExtrapolated, fits: priced?.fits)
  }
}
