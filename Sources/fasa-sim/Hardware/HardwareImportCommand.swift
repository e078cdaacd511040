import ArgumentParser

struct HardwareImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Takes over measurements that others published, checked.",
    discussion: """
      EXAMPLES:
        fasa-sim hardware import aiconfigurator systems/data -o decode-attention.csv.zst
        fasa-sim hardware import aiconfigurator generation_attention_perf.parquet --machine h200 -o h200.csv
      """,
    subcommands: [HardwareImportAIConfiguratorCommand.self])
}
