import Policies
import Simulator

extension ReplayConfiguration {
  /// Under the label that replays of the model's traces give the same behaviour.
  func canonical(in model: LiveModel) -> ReplayConfiguration {
    let policy = policy.canonical { whole in
      switch whole {
      case .chunks: model.rope.rotaryDim / 2
      case .channels: model.headDim
      case .layers: model.layers
      }
    }
    return ReplayConfiguration(policy: policy, budget: budget)
  }
}
