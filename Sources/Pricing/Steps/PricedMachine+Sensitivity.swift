import Attention
import Foundation

extension PricedMachine {
  /// How much the speed-up changes, in per cent, for each per cent more of a parameter of the machine or its kernels.
  public func sensitivity(
    _ shape: StepShape, dense: StepShape, geometry: PricedGeometry, batch: Double, reading: Reading
  ) -> [(parameter: String, elasticity: Double)] {
    let step = 1.05
    func speedUp(_ change: (inout HardwareDescription, inout KernelSet) -> Void) -> Double {
      var (machine, kernels) = (machine, kernels)
      change(&machine, &kernels)
      return PricedMachine(machine: machine, kernels: kernels)
        .price(shape, dense: dense, geometry: geometry, batch: batch, reading: reading).speedUp
    }
    let changes: [(String, (inout HardwareDescription, inout KernelSet) -> Void)] = [
      ("memory bandwidth", { machine, _ in machine.memory.bandwidthBytesPerSecond *= step }),
      (
        "launches, choosing",
        { _, kernels in
          kernels.sparse.launchNs *= step
          kernels.sparse.splitSelectLaunchNs *= step
        }
      ),
      ("launches, dense", { _, kernels in kernels.dense.launchNs *= step }),
      ("latency, choosing", { _, kernels in kernels.sparse.latencyNs *= step }),
      ("latency, dense", { _, kernels in kernels.dense.change { $0.latencyNs *= step } }),
      ("stream efficiency, choosing", { _, kernels in kernels.sparse.streamEfficiency *= step }),
      ("stream efficiency, dense", { _, kernels in kernels.dense.change { $0.streamEfficiency *= step } }),
      ("what blocks take", { _, kernels in kernels.dense.change { $0.blocks?.rate *= step } }),
      (
        "gather efficiency",
        { _, kernels in
          for index in kernels.sparse.gatherEfficiency.indices {
            kernels.sparse.gatherEfficiency[index].efficiency *= step
          }
        }
      ),
      ("top-k passes", { _, kernels in kernels.sparse.selectPasses *= step }),
      (
        "top-k waiting per token",
        { _, kernels in
          kernels.sparse.serialNsPerToken *= step
          kernels.sparse.rowSelect?.tokenNs *= step
        }
      ),
      ("top-k, start of a row", { _, kernels in kernels.sparse.rowSelect?.startNs *= step }),
      ("link bandwidth", { machine, _ in machine.hostLink?.bandwidthBytesPerSecond *= step }),
    ]
    let base = speedUp { _, _ in }
    return changes.map { ($0.0, log(speedUp($0.1) / base) / log(step)) }
      .sorted { abs($0.1) > abs($1.1) }
  }
}

extension KernelSet.Dense {
  /// Of whichever machine or memory the kernel is.
  fileprivate mutating func change(_ edit: (inout KernelSet.DenseKernel) -> Void) {
    edit(&kernel)
    for index in sets.indices { edit(&sets[index].kernel) }
  }
}
