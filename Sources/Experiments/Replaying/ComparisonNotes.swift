import Policies

/// What is to be known of figures of policies that stand side by side, a sentence each.
public enum ComparisonNotes {
  public static func notes(_ policies: [PolicyConfiguration]) -> [String] {
    FootingNotes(policies: policies).notes + OpenLoopNote(policies: policies).notes
  }
}
