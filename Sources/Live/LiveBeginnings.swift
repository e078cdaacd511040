import Dispatch
import Policies
import Simulator

/// Makes every configuration's policy in every layer, as the prompt leaves it.
///
/// A layer is one thread's, with all configurations: what several policies know of a prompt, a layer keeps once.
struct LiveBeginnings: Sendable {
  private let configurations: [ReplayConfiguration]
  /// Of each layer.
  private let steps: [[Step]]
  private let threads: Int

  init(_ configurations: [ReplayConfiguration], _ model: LiveModel, _ options: LiveOptions) {
    self.configurations = configurations
    threads = options.threads
    steps = (0..<model.layers).map { layer in
      (0..<options.steps).map { number in
        let position = options.promptTokens + number
        return Step(
          index: number, position: position, visible: model.visible(at: position, layer: layer))
      }
    }
  }

  /// - Returns: of each configuration, by layer.
  /// - Throws: ``LiveError`` where a policy lacks something: of the first such configuration its first such layer.
  func choosers(_ layers: [LiveLayer]) throws -> [[LiveChooser]] {
    var made = [Result<LiveChooser, any Error>?](
      repeating: nil, count: configurations.count * layers.count)
    made.withUnsafeMutableBufferPointer { places in
      let apart = Places(places: places, layers: layers)
      DispatchQueue.concurrentPerform(iterations: min(threads, layers.count)) { thread in
        for layer in stride(from: thread, to: apart.layers.count, by: threads) {
          for (number, configuration) in configurations.enumerated() where !configuration.isOfWholeModel {
            apart.places[number * apart.layers.count + layer] = Result {
              try LiveChooser(configuration, layer: apart.layers[layer], steps: steps[layer], before: nil)
            }
          }
        }
      }
    }
    return try configurations.enumerated().map { number, configuration in
      do {
        guard configuration.isOfWholeModel else {
          return try (0..<layers.count).compactMap { try made[number * layers.count + $0]?.get() }
        }
        var row: [LiveChooser] = []
        for layer in layers {
          row.append(
            try LiveChooser(configuration, layer: layer, steps: steps[layer.place], before: row.last))
        }
        if configuration.policy.descriptor.surveysPrompts, let last = row.last {
          for place in row.indices { row[place].takeUp(last) }
        }
        return row
      } catch let error as PolicyError {
        throw LiveError(
          .unfit, "\(configuration.label): \(error.place)", expected: error.expected, found: error.found,
          advice: error.advice)
      }
    }
  }
}

extension ReplayConfiguration {
  /// Whether a layer's policy goes on from that of the layer before, so that layers begin in their order.
  fileprivate var isOfWholeModel: Bool { policy.scope == .model }
}

/// Places that several threads write apart from each other.
private struct Places: @unchecked Sendable {
  let places: UnsafeMutableBufferPointer<Result<LiveChooser, any Error>?>
  /// Each one thread's.
  let layers: [LiveLayer]
}
