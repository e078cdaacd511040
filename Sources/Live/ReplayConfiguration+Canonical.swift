import Policies
import Simulator

extension ReplayConfiguration {
  /// Under the label that replays of the model's traces give the same behaviour.
  func canonical(in model: LiveModel) -> ReplayConfiguration {
    let policy = policy.canonical {
      $0.size(rotaryDim: model.rope.rotaryDim, headDim: model.headDim, layers: model.layers)
    }
    return ReplayConfiguration(policy: policy, budget: budget)
  }
}
