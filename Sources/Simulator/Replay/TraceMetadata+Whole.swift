import Policies
import Traces

extension TraceMetadata {
  /// How many there are of what an amount is a part of.
  package func size(of whole: ParameterDescriptor.Whole) -> Int {
    whole.size(rotaryDim: rope.rotaryDim, headDim: geometry.headDim, layers: geometry.layers)
  }
}
