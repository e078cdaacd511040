import ArgumentParser

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measures this machine, the kernels against its roofline, or whole replays.",
    discussion: """
      Times are medians with a 95 % interval. On a shared machine compare the shares, not the times: each is \
      against a peak that was measured in the same run.

      EXAMPLES:
        fasa-sim bench
        fasa-sim bench kernels --tokens 8192,32768 --head-dim 64 --heads 3
        fasa-sim bench replay traces/prose-8192.zst --policy oracle,fasa
      """,
    subcommands: [BenchKernelsCommand.self, BenchReplayCommand.self],
    defaultSubcommand: BenchKernelsCommand.self)
}
