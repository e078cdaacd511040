"""The subcommands of `fasa-live`, and the options that they share."""
