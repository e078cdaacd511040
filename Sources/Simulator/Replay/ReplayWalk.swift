import Kernels
import Policies
import Traces

/// The three ways of walking a trace: group by group, layer by layer, and through all layers in turn.
struct ReplayWalk: Sendable {
  let trace: Trace
  let plan: ReplayPlan
  let options: ReplayOptions
  let inputs: GroupInputs

  /// - Parameter beside: work of its own that one thread does before it joins in.
  func groups(_ configurations: [ReplayConfiguration], beside: @escaping @Sendable () throws -> Void) throws
    -> [ReplayedGroup]
  {
    let kernels = try Kernels(options.instructionSet)
    let pipeline = GroupPipeline(
      trace: trace, layers: plan.layers, kvHeads: plan.kvHeads, threads: options.threads)
    let gathering = LayerGathering(kvHeads: plan.kvHeads.count)
    return try pipeline.map(
      worker: { ReplayWorker(kernels: kernels) }, beside: beside, progress: options.progress
    ) { tensors, kvHead, worker in
      let replay = inputs.replay(tensors, kvHead: kvHead, worker: worker)
      var outcome = try replay.run(configurations)
      var projected: [LayerResult] = []
      if let vectors = outcome.vectors,
        let layer = gathering.add(vectors, layer: tensors.layer, kvHead: kvHead),
        let projection = OutputProjection(
          tensors, queryHeads: trace.metadata.geometry.queryHeads, kernels: kernels)
      {
        projected = projection.results(layer: tensors.layer, layer)
      }
      // They are as large as all metrics of the group, and done with.
      outcome.vectors = nil
      return ReplayedGroup(group: replay.group, outcome: outcome, projected: projected)
    }
  }

  /// All KV heads of a layer together, whichever are reported.
  func layers(_ configurations: [ReplayConfiguration]) throws -> [ReplayedGroup] {
    if configurations.isEmpty { return [] }
    let kernels = try Kernels(options.instructionSet)
    let pipeline = GroupPipeline(
      trace: trace, layers: plan.layers, kvHeads: [0], threads: options.threads, headsPerThread: kvHeads.count
    )
    let layers = try pipeline.map(worker: { kernels }, progress: options.progress) { tensors, _, kernels in
      var replay = LayerReplay(configurations, inputs: inputs, kvHeads: kvHeads, kernels: kernels)
      return try replay.run(tensors)
    }
    return reported(layers)
  }

  /// Layer after layer on one thread, since each may use what one before it chose.
  func model(_ configurations: [ReplayConfiguration]) throws -> [ReplayedGroup] {
    if configurations.isEmpty { return [] }
    let memory = WalkMemory(trace, layers: plan.layers, headsPerThread: kvHeads.count)
    _ = try memory.layersInFlight(atMost: 1, threads: 1)
    var replay = LayerReplay(
      configurations, inputs: inputs, kvHeads: kvHeads, kernels: try Kernels(options.instructionSet))
    // Twice through the trace where a layer's choice depends on what later layers' prompts tell.
    if configurations.contains(where: { $0.policy.descriptor.surveysPrompts }) {
      for layer in plan.layers { try replay.survey(trace.layer(layer, threads: options.threads)) }
    }
    return reported(
      try plan.layers.map { try replay.run(trace.layer($0, threads: options.threads)) })
  }

  private var kvHeads: Range<Int> { 0..<trace.metadata.geometry.kvHeads }

  private func reported(_ layers: [[ReplayedGroup]]) -> [ReplayedGroup] {
    let wanted = Set(plan.kvHeads)
    return layers.joined().filter { wanted.contains($0.group.kvHead) }
  }
}
