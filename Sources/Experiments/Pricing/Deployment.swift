import Attention

/// How a model is served: on how many devices, and in how many bits.
public struct Deployment: Sendable, Equatable {
  /// How devices share the work.
  public enum Parallelism: String, Sendable, CaseIterable {
    /// Each holds a part of every layer's heads and weights; sums over devices follow each half of a layer.
    case tensor
    /// Each holds the whole model, and serves a part of the batch.
    case data
  }

  public var devices: Int
  public var parallelism: Parallelism
  /// Of a number in keys and values; nil for the trace's own, or 16 of a named model.
  public var cacheBits: Int?
  /// Of a weight; nil for the format that the model is published in.
  public var weightBits: Int?
  /// Of a device's memory, that a runtime leaves alone; vLLM's default.
  public var reserve: Double

  public init(
    devices: Int = 1, parallelism: Parallelism = .tensor, cacheBits: Int? = nil, weightBits: Int? = nil,
    reserve: Double = 0.1
  ) {
    self.devices = devices
    self.parallelism = parallelism
    self.cacheBits = cacheBits
    self.weightBits = weightBits
    self.reserve = reserve
  }

  /// Devices that share a layer.
  var shards: Int { parallelism == .tensor ? devices : 1 }
  /// Copies of the model, each with its part of the batch.
  var replicas: Int { parallelism == .data ? devices : 1 }

  /// Behind a model's name, where it is not one device in the usual formats.
  var suffix: String {
    var parts: [String] = []
    if devices > 1 { parts.append("\(devices) devices (\(parallelism.rawValue))") }
    if let cacheBits { parts.append("\(cacheBits)-bit cache") }
    if let weightBits { parts.append("\(weightBits)-bit weights") }
    return parts.map { ", \($0)" }.joined()
  }
}
