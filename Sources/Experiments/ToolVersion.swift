/// The version of fasa-sim, which runs, exports and reports carry.
public enum ToolVersion {
  public static let current = "0.1.0"
}
