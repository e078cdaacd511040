import ArgumentParser
import Experiments

/// On how many devices a model is served, and in how many bits.
struct DeploymentOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Machines of the kind named that serve one model.", valueName: "n"))
  var devices = 1

  @Option(help: "How several devices share the work: each layer's heads and weights, or the batch.")
  var parallel: Deployment.Parallelism = .tensor

  @Option(
    name: .customLong("kv-bits"),
    help: ArgumentHelp(
      "Bits of a number in keys and values; 16, or what the trace has, by default.", valueName: "bits"))
  var cacheBits: Int?

  @Option(
    help: ArgumentHelp("Bits of a weight; as the model is published by default.", valueName: "bits"))
  var weightBits: Int?

  @Option(
    help: ArgumentHelp(
      "Share of a device's memory that an engine leaves alone.", valueName: "share"))
  var reserve = 0.1

  func validate() throws {
    guard (1...65_536).contains(devices) else {
      throw ValidationError("--devices: expected 1 to 65536, found \(devices)")
    }
    guard (0..<1).contains(reserve) else {
      throw ValidationError("--reserve: expected a share from 0 to below 1, found \(reserve)")
    }
    for (name, bits) in [("--kv-bits", cacheBits), ("--weight-bits", weightBits)] {
      guard let bits, !(2...32).contains(bits) else { continue }
      throw ValidationError("\(name): expected 2 to 32 bits, found \(bits)")
    }
  }

  /// - Throws: `ValidationError` where something is asked that only a model's weights make sense of.
  func validate(with geometry: GeometryOptions) throws {
    guard geometry.geometry == nil, weightBits != nil else { return }
    throw ValidationError("--weight-bits: expected --geometry with it: a trace knows nothing of the weights")
  }

  var deployment: Deployment {
    Deployment(
      devices: devices, parallelism: parallel, cacheBits: cacheBits, weightBits: weightBits,
      reserve: reserve)
  }
}

extension Deployment.Parallelism: ExpressibleByArgument {}
