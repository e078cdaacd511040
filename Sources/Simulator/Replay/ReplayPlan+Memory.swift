import Traces

extension ReplayPlan {
  /// About the most bytes that replaying holds at once, from the header alone: layers as stored, and what each thread widens and
  /// scores of its group.
  ///
  /// - Parameters:
  ///   - threads: that compute.
  ///   - wholeLayers: whether a policy takes all KV heads of a layer together.
  package func walkBytes(_ trace: Trace, threads: Int, wholeLayers: Bool) -> Int {
    let geometry = trace.metadata.geometry
    let heads = wholeLayers ? geometry.kvHeads : 1
    let pipeline = GroupPipeline(
      trace: trace, layers: layers, kvHeads: kvHeads, threads: threads, headsPerThread: heads)
    let memory = pipeline.memory
    let workers = max(1, min(threads, layers.count * kvHeads.count))
    return min(pipeline.layersInFlight, layers.count) * memory.layer + workers * memory.thread
  }
}
