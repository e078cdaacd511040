import CFuzz
import Foundation

exit(fz_run(CommandLine.argc, CommandLine.unsafeArgv))
