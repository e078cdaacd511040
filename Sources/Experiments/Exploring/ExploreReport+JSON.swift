import Pricing
import Simulator

extension ExploreReport {
  /// The report as an object.
  public struct JSON: Encodable {
    let database: String
    let trace: String
    let target: Target
    let verdict: Verdict
    /// What `loss` is: a metric's column, or what a metric misses of 1.
    let lossName: String
    /// What `cost` is: the column of the time of one layer's step, or that of a share of dense attention's bytes.
    let costName: String
    let denseCost: Double?
    let hardware: String?
    let machine: String?
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

    struct Target: Encodable {
      let maxOutputError: Double?
      let maxWeightedError: Double?
      let minRecall: Double?
      let minMass: Double?
      /// Of dense attention's bytes or time, where the best is looked for.
      let maxCostShare: Double?
    }

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

    package struct Point: Encodable {
      let configuration: Int64
      let policy: String
      let label: String
      let parameters: String
      let budget: String?
      let loss: Double?
      let cost: Double
      let meetsTarget: Bool
      let isOnFront: Bool
      /// Of its policy's that meet the target.
      let isCheapest: Bool
      let outputError: Double?
      let weightedOutputError: Double?
      let recall: Double?
      let mass: Double?
      let selectedShare: Double?
      let perHeadBytesShare: Double?
      let groupUnionBytesShare: Double?
      let modelledSpeedup: Double?
      /// Of all layers, where some see the latest tokens alone; `cost` is then the mean over layers.
      let layers: PricingJob.Windows.JSON?
      let wholeModelSpeedup: Double?
      /// Of times of its kind, on measurements that no fit saw; nil where none were had.
      let relativeErrorP50: Double?
      let relativeErrorP90: Double?
      let relativeErrorMean: Double?
      let extrapolated: Bool?
      let fits: Bool?
    }
  }

  public var json: JSON {
    let point = pointOfJudged
    return JSON(
      database: database, trace: trace.path,
      target: JSON.Target(
        maxOutputError: target.maxOutputError, maxWeightedError: target.maxWeightedError,
        minRecall: target.minRecall, minMass: target.minMass, maxCostShare: target.maxCostShare),
      verdict: verdict, lossName: target.lossColumn,
      costName: pricing.machine == nil
        ? pricing.reading.bytesShareColumn : "policy_ns",
      denseCost: judged.first?.cost.dense, hardware: pricing.machine?.name,
      machine: pricing.machine?.machine.name,
      kernels: pricing.machine?.kernels.name,
      geometry: pricing.machine == nil ? nil : pricing.model?.name ?? "own", batch: pricing.batch,
      reading: pricing.reading.rawValue, notes: notes,
      effort: JSON.Effort(
        triedConfigurations: result.tried, gridConfigurations: gridSize,
        rungs: zip(rungs, result.evaluations).map {
          JSON.Rung(
            layers: $0.layers, firstStep: $0.steps.lowerBound, steps: $0.steps.count, evaluations: $1)
        }, fullEvaluationEquivalents: equivalents, reusedEvaluations: reused, seconds: seconds),
      hypervolume: hypervolume, cheapest: cheapest.map(point), nearest: nearest.map(point),
      oracle: oracle.map(point), cheapestByPolicy: cheapestByPolicy.map(point), front: front.map(point))
  }

  /// Each that is on the front, or the cheapest of its policy with the target, once, by ascending cost.
  package var points: [JSON.Point] {
    var seen: Set<Int64> = []
    return (front + cheapestByPolicy).filter { seen.insert($0.row.configuration).inserted }
      .sorted { ($0.cost.value, $0.row.label) < ($1.cost.value, $1.row.label) }.map(pointOfJudged)
  }

  private var pointOfJudged: (Judged) -> JSON.Point {
    let onFront = Set(front.map(\.row.configuration))
    let cheapest = Set(cheapestByPolicy.map(\.row.configuration))
    return { judged in
      self.point(
        judged, isOnFront: onFront.contains(judged.row.configuration),
        isCheapest: cheapest.contains(judged.row.configuration))
    }
  }

  private func point(_ judged: Judged, isOnFront: Bool, isCheapest: Bool) -> JSON.Point {
    let (row, priced) = (judged.row, judged.cost.point)
    let error = priced.flatMap { $0.row.machine.error(of: $0.step.kind, at: $0.step.geometry) }
    return JSON.Point(
      configuration: row.configuration, policy: row.policy, label: row.label, parameters: row.parameters,
      budget: row.budget, loss: target.loss(row), cost: judged.cost.value,
      meetsTarget: judged.tradeOff.meetsTarget, isOnFront: isOnFront, isCheapest: isCheapest,
      outputError: row.outputError,
      weightedOutputError: row.weightedOutputError, recall: row.recall, mass: row.mass,
      selectedShare: row.selectedShare, perHeadBytesShare: row.perHeadBytesShare,
      groupUnionBytesShare: row.groupUnionBytesShare, modelledSpeedup: priced?.speedUpOfLayers,
      layers: priced?.windows?.json(fits: true),
      wholeModelSpeedup: priced?.wholeSpeedUp,
      relativeErrorP50: error?.median, relativeErrorP90: error?.p90, relativeErrorMean: error?.signedMean,
      extrapolated: priced?.row.isExtrapolated, fits: priced?.fits)
  }
}
