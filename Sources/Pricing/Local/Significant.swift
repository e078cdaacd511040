import Attention

extension KernelSet {
  /// Its parameters to four significant digits.
  public func rounded() -> KernelSet {
    var set = self
    set.computeEfficiency = computeEfficiency.significant(4)
    set.dense.launchNs = dense.launchNs.significant(4)
    set.dense.kernel.latencyNs = dense.kernel.latencyNs.significant(4)
    set.dense.kernel.streamEfficiency = dense.kernel.streamEfficiency.significant(4)
    set.sparse.launchNs = sparse.launchNs.significant(4)
    set.sparse.splitSelectLaunchNs = sparse.splitSelectLaunchNs.significant(4)
    set.sparse.latencyNs = sparse.latencyNs.significant(4)
    set.sparse.streamEfficiency = sparse.streamEfficiency.significant(4)
    set.sparse.selectPasses = sparse.selectPasses.significant(4)
    set.sparse.serialNsPerToken = sparse.serialNsPerToken.significant(4)
    set.sparse.gatherEfficiency = sparse.gatherEfficiency.map {
      .init(rowBytes: $0.rowBytes, efficiency: $0.efficiency.significant(4))
    }
    return set
  }
}

extension ModelError {
  /// To four significant digits.
  public func rounded() -> ModelError {
    ModelError(
      median: median.significant(4), p90: p90.significant(4), signedMean: signedMean.significant(4),
      cases: cases)
  }
}
