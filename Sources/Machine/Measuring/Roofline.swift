import Attention
import Kernels

/// What a number of threads of this machine can do at most under one instruction set: read from each level of memory,
/// and multiply and add.
public struct Roofline: Sendable, Codable, Equatable {
  public struct Level: Sendable, Codable, Equatable {
    /// `L1`, `L2`, … or `memory`.
    public let name: String
    /// Bytes that all threads read together while this level was measured.
    public let workingSetBytes: Int
    /// Of all threads together.
    public let readBytesPerSecond: Quantity

    public init(name: String, workingSetBytes: Int, readBytesPerSecond: Quantity) {
      self.name = name
      self.workingSetBytes = workingSetBytes
      self.readBytesPerSecond = readBytesPerSecond
    }
  }

  public let instructionSet: InstructionSet
  public let threads: Int
  /// Nearest first; the last is memory.
  public let levels: [Level]
  /// Single-precision operations of all threads together, two a multiply-add.
  public let operationsPerSecond: Quantity

  public init(
    instructionSet: InstructionSet, threads: Int, levels: [Level], operationsPerSecond: Quantity
  ) {
    self.instructionSet = instructionSet
    self.threads = threads
    self.levels = levels
    self.operationsPerSecond = operationsPerSecond
  }

  /// Measures for a few seconds.
  public static func measure(_ kernels: Kernels, threads: Int, machine: HostMachine = .current) -> Roofline {
    let rounds = ParallelRounds(threads: threads)
    let levels = workingSets(machine, threads: threads).map { name, bytes in
      Level(name: name, workingSetBytes: bytes * threads, readBytesPerSecond: read(bytes, kernels, rounds))
    }
    let multiplications = 200_000
    let operations = kernels.multiplyAdds(rounds: multiplications) * threads
    let peak = rounds.time { _ in _ = kernels.multiplyAdds(rounds: multiplications) }
      .rate(of: Double(operations))
    return Roofline(
      instructionSet: kernels.instructionSet, threads: threads, levels: levels, operationsPerSecond: peak)
  }

  public var memory: Quantity { levels[levels.count - 1].readBytesPerSecond }

  /// What reads of a working set that is used again and again can reach: the nearest level that holds it.
  public func readBytesPerSecond(workingSetBytes: Int) -> Double {
    let level = levels.first { workingSetBytes <= $0.workingSetBytes * 3 / 2 } ?? levels[levels.count - 1]
    return level.readBytesPerSecond.median
  }

  /// The least seconds in which bytes can be read and operations done.
  public func floor(bytes: Double, bytesPerSecond: Double, operations: Double) -> Double {
    max(bytes / bytesPerSecond, operations / operationsPerSecond.median)
  }

  /// Per thread, half of each cache (of its share of the last one), and memory.
  private static func workingSets(_ machine: HostMachine, threads: Int) -> [(String, Int)] {
    let caches = machine.dataCaches.enumerated().map { index, bytes in
      let isShared = index == machine.dataCaches.count - 1 && index > 1
      return ("L\(index + 1)", max(256, bytes / 2 / (isShared ? threads : 1) / 256 * 256))
    }
    return caches + [("memory", ReadBandwidth.coldBytes(of: machine) / threads / 256 * 256)]
  }

  private static func read(_ bytes: Int, _ kernels: Kernels, _ rounds: ParallelRounds) -> Quantity {
    let buffers = (0..<rounds.threads).map { _ in
      let buffer = FloatBuffer(count: bytes / 4)
      buffer.values.update(repeating: 1)
      return buffer
    }
    // A round reads 16 MiB or more, so that starting threads does not count.
    let repeats = max(1, (16 << 20) / bytes)
    return rounds.time { thread in
      for _ in 0..<repeats { _ = kernels.readAll(UnsafeRawBufferPointer(buffers[thread].values)) }
    }.rate(of: Double(bytes * repeats * rounds.threads))
  }
}
