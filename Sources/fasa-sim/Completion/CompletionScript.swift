import ArgumentParser
import Foundation

/// The script by which a shell completes. The parser makes it; bash and zsh need more.
enum CompletionScript {
  private static let option = "--generate-completion-script"

  /// The script that a command line asks for; nil where it asks for something else.
  static func asked(by words: some Collection<String>) -> String? {
    guard let first = words.first, first == option || first.hasPrefix("\(option)=") else { return nil }
    let name = first == option ? words.dropFirst().first : String(first.dropFirst(option.count + 1))
    // Whatever else is said beside it is the parser's to refuse.
    guard words.count == (first == option && name != nil ? 2 : 1) else { return nil }
    guard let shell = name.map(CompletionShell.init(rawValue:)) ?? CompletionShell.autodetected() else {
      return nil
    }
    let script = FasaSim.completionScript(for: shell)
    return switch shell {
    case .bash: script + "\n" + wholeWords
    case .zsh: withOpenWords(script)
    default: script
    }
  }

  /// Bash parts words at `:` and `=` (`COMP_WORDBREAKS`), which policies hold, and takes what is offered for the last part alone. Where
  /// there are quotes, in which blanks part nothing, all stays as bash has it.
  private static let wholeWords = #"""

    # Words that bash parted at : and = are put together again, and what is offered is cut to the last part.
    _fasa-sim_whole_words() {
        local line="${COMP_LINE:0:COMP_POINT}"
        if [[ "${line}" == *[\"\'\\\$\`]* ]]; then
            _fasa-sim "${@}"
            return
        fi
        local -a words
        IFS=$' \t' read -ra words <<<"${line}"
        [[ "${line}" == *[[:blank:]] ]] && words+=('')
        local -i count="${#words[@]}"
        local word="${words[count - 1]}"
        local -a COMP_WORDS=("${words[@]}")
        local -i COMP_CWORD=count-1 COMP_POINT="${#line}"
        local COMP_LINE="${line}"
        _fasa-sim "${1}" "${word}" "${words[count - 2]}"
        local part="${word}"
        [[ "${COMP_WORDBREAKS}" == *:* ]] && part="${part##*:}"
        [[ "${COMP_WORDBREAKS}" == *=* ]] && part="${part##*=}"
        local -i index cut=$((${#word} - ${#part}))
        for index in "${!COMPREPLY[@]}"; do
            # No blank after what goes on, and no backslash before what no file's name is.
            [[ "${COMPREPLY[index]}" == *[=/] ]] && compopt -o nospace 2>/dev/null
            [[ "${COMPREPLY[index]}" == *[:=,]* ]] && compopt +o filenames 2>/dev/null
            COMPREPLY[index]="${COMPREPLY[index]:cut}"
        done
    }

    complete -o filenames -F _fasa-sim_whole_words fasa-sim
    """#

  /// zsh ends a word with a blank where it is told of one only, and takes what follows a colon for a description.
  private static let openWords = #"""
    # Words that go on, such as fasa:chunks=, are followed by no blank.
    __fasa-sim_custom_complete() {
        local -a completions
        completions=("${(@f)"$("${command_name}" "${@}" "${command_line[@]}")"}")
        completions=("${(@)completions[1,-2]}")
        local -a open=("${(@M)completions:#*[=/]}") closed=("${(@)completions:#*[=/]}")
        compadd -S '' -a open
        compadd -a closed
    }

    """#

  /// The function must be there before the script's last line calls what uses it.
  private static func withOpenWords(_ script: String) -> String {
    guard let end = script.range(of: "\n_fasa-sim", options: .backwards) else { return script }
    return script[..<end.lowerBound] + "\n" + openWords + script[end.lowerBound...]
  }
}
