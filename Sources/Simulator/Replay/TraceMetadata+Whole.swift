import Policies
import Traces

extension TraceMetadata {
  /// How many there are of what an amount is a part of.
  package func size(of whole: ParameterDescriptor.Whole) -> Int {
    switch whole {
    case .chunks: rope.rotaryDim / 2
    case .channels: geometry.headDim
    case .layers: geometry.layers
    }
  }
}
