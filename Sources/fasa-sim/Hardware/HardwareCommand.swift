import ArgumentParser

struct HardwareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hardware",
    abstract:
      "Machines that times are modelled for: bundled, your own, measured, and how far the model can be trusted.",
    discussion: """
      EXAMPLES:
        fasa-sim hardware list
        fasa-sim hardware show a100-40gb
        fasa-sim hardware measure -o local.yaml
        fasa-sim hardware validate
        fasa-sim hardware validate --measurements mine.csv --machine mine.yaml
        fasa-sim hardware import aiconfigurator systems/data -o decode-attention.csv.zst
      """,
    subcommands: [
      HardwareListCommand.self, HardwareShowCommand.self, HardwareMeasureCommand.self,
      HardwareValidateCommand.self, HardwareImportCommand.self,
    ])
}
