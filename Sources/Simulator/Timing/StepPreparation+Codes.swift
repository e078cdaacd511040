import Attention
import Kernels

/// The operations over few bits: rounded vectors, codes, buckets, and the smallest set that holds a share.
extension StepPreparation {
  func scoreLowBit(_ extent: StepExtent) -> () -> Void { read(extent) }
  func scoreCodes(_ extent: StepExtent) -> () -> Void { read(extent) }
  func countMembers(_ extent: StepExtent) -> () -> Void { read(extent) }
  func smallestSet(_ extent: StepExtent) -> () -> Void { select(extent) }

  private func read(_ extent: StepExtent) -> () -> Void {
    let bytes = (extent.bytes + 255) / 256 * 256
    let memory = UnsafeRawBufferPointer(start: group.side(bytes: bytes), count: bytes)
    let kernels = kernels
    return { _ = kernels.readAll(memory) }
  }
}
