import GRDB

extension Merger {
  /// Two results of one configuration by one build, of which one must be wrong.
  struct Conflict {
    let label: String
    let trace: String
    let build: String
    /// The digest and who computed it.
    let there: (digest: String, host: String)
    let here: (digest: String, host: String)
  }

  /// The first configuration of which the other database has other bits than the merged one, or than itself.
  ///
  /// A build that is not known may have been any.
  func conflict() throws -> Conflict? {
    for database in ["main", Self.part] {
      let row = try Row.fetchOne(
        db,
        sql: """
          SELECT here.label, trace.path AS trace, here.build, here.exact_results_digest AS here, there.exact_results_digest AS there,
            \(Self.host("here_run")) AS here_host, \(Self.host("there_run")) AS there_host
          FROM \(Self.part).configurations AS here
          JOIN \(database).configurations AS there ON there.identity = here.identity AND there.build = here.build
            AND there.exact_results_digest <> here.exact_results_digest
          JOIN \(Self.part).traces AS trace ON trace.id = here.trace
          JOIN \(Self.part).runs AS here_run ON here_run.id = here.run
          JOIN \(database).runs AS there_run ON there_run.id = there.run
          WHERE NOT EXISTS (SELECT 1 FROM main.configurations AS same WHERE same.identity = here.identity
            AND same.build = here.build AND same.exact_results_digest = here.exact_results_digest)
            AND \(isChosen("here"))
          ORDER BY here.id LIMIT 1
          """)
      if let row {
        return Conflict(
          label: try row.value("label"), trace: try row.value("trace"), build: try row.value("build"),
          there: (try row.value("there"), try row.value("there_host")),
          here: (try row.value("here"), try row.value("here_host")))
      }
    }
    return nil
  }

  /// Such as `node7 (AMD EPYC 7763, avx2)`.
  private static func host(_ run: String) -> String {
    "coalesce(\(run).host, 'an unnamed host') || ' (' || \(run).host_cpu || ', ' || \(run).instruction_set || ')'"
  }
}
