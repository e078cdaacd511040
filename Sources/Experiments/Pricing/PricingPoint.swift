import Pricing
import Results

extension PricingJob {
  /// A configuration on a machine, at a context and batch size.
  public struct Point {
    public let stored: StoredShape
    public let row: ModelledRow
    /// Nil where every layer sees everything.
    public let windows: Windows?
    /// Nil where no model is named, whose weights are not known then.
    public let whole: Whole?

    public var step: PricedStep { row.step }
    public var fits: Bool? { whole?.policy.fits }

    /// Of attention over dense attention; nil where one of them does not fit the machine.
    public var speedUp: Double? {
      whole.map { $0.policy.fits && $0.dense.fits } ?? true ? step.speedUp : nil
    }

    /// Nanoseconds of a layer's attention, the mean over layers where they are not alike.
    var layer: Windows.Pair {
      guard let windows else {
        return .init(policy: step.policy.nanoseconds, dense: step.dense.nanoseconds)
      }
      let layers = windows.fullLayers + windows.windowedLayers
      return .init(policy: windows.sum.policy / layers, dense: windows.sum.dense / layers)
    }

    /// Of attention in all layers; a layer's where all are alike.
    public var speedUpOfLayers: Double { windows?.speedUp ?? step.speedUp }

    /// Of a step of the whole model over one with dense attention; nil where one of them does not fit, or no model is
    /// named.
    public var wholeSpeedUp: Double? {
      guard let whole, whole.policy.fits, whole.dense.fits else { return nil }
      return whole.dense.nanoseconds / whole.policy.nanoseconds
    }
  }

  /// Attention layer by layer, where some see the latest tokens alone: times of one layer of each kind, and how many there
  /// are.
  public struct Windows: Sendable {
    public let fullLayers: Double
    public let windowedLayers: Double
    /// Tokens of the window.
    public let tokens: Int
    /// Of a layer that sees everything.
    public let full: Pair
    /// Of a layer with the window.
    public let windowed: Pair

    /// Nanoseconds with the policy and with dense attention.
    public struct Pair: Sendable, Equatable {
      public let policy: Double
      public let dense: Double
    }

    /// Over all layers.
    public var sum: Pair {
      func sum(_ side: KeyPath<Pair, Double>) -> Double {
        fullLayers * full[keyPath: side] + windowedLayers * windowed[keyPath: side]
      }
      return Pair(policy: sum(\.policy), dense: sum(\.dense))
    }

    public var speedUp: Double { sum.dense / sum.policy }
  }

  /// Steps of the whole model, with the policy and with dense attention.
  public struct Whole {
    public let policy: Side
    public let dense: Side
    /// Of steps like these, on measured ones that no fit saw; nil where none were measured.
    public let error: ModelError?
  }

  public struct Side {
    /// Of one step.
    public let nanoseconds: Double
    /// Sequences that a step serves, over all devices.
    public let batch: Double
    /// Sequences that all devices hold at most.
    public let largestBatch: Int

    public var fits: Bool { Double(largestBatch) >= batch }
    /// Over all devices; nil where the batch does not fit.
    public var tokensPerSecond: Double? { fits ? batch * 1e9 / nanoseconds : nil }
  }
}
