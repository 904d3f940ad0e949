# Completion of tuner for bash. Everything it knows it asks the program: commands and options of `--help`, studies of
# the database, plugins of `tuner plugins`.

_tuner_options() { # COMMAND...: the options that its page names
  tuner "$@" --help 2> /dev/null | grep -o '^  \(-[a-z] \[ \)\?--[a-z-]*' | grep -o -- '--[a-z-]*'
}

_tuner() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} i
  local database=()
  for ((i = 1; i < COMP_CWORD; ++i)); do
    [ "${COMP_WORDS[i]}" = --db ] && database=(--db "${COMP_WORDS[i + 1]}")
  done
  COMPREPLY=()
  case $previous in
    --config | --db | --plugin | --svg | --output | -o | convert)
      COMPREPLY=($(compgen -f -- "$current"))
      return
      ;;
    --format)
      COMPREPLY=($(compgen -W 'table csv json jsonl' -- "$current"))
      return
      ;;
    --color)
      COMPREPLY=($(compgen -W 'auto always never' -- "$current"))
      return
      ;;
    --goal)
      COMPREPLY=($(compgen -W 'minimize maximize' -- "$current"))
      return
      ;;
    --method)
      COMPREPLY=($(compgen -W 'ped_anova fanova' -- "$current"))
      return
      ;;
  esac
  if [ "$COMP_CWORD" = 1 ]; then
    local commands
    commands=$(tuner --help 2> /dev/null | sed -n '/^A first session/q; s/^  \([a-z][a-z-]*\)  *.*/\1/p')
    [[ $current == -* ]] && commands="--help --version $(_tuner_options run)"
    COMPREPLY=($(compgen -W "$commands" -- "$current"))
  elif [[ $current == -* ]]; then
    [[ $command == -* ]] && command=run
    [ "$command" = plugins ] && [[ ${COMP_WORDS[2]} == @(new|check) ]] && command="plugins ${COMP_WORDS[2]}"
    COMPREPLY=($(compgen -W "$(_tuner_options $command)" -- "$current"))
  elif [ "$command" = plugins ] && [ "$COMP_CWORD" = 2 ]; then
    COMPREPLY=($(compgen -W 'list show new check' -- "$current"))
  elif [ "$command" = plugins ]; then
    COMPREPLY=($(compgen -W "$(tuner plugins --format csv 2> /dev/null | tail -n +2 | cut -d, -f2)" -f -- "$current"))
  else
    COMPREPLY=($(compgen -W "$(tuner studies "${database[@]}" --format csv 2> /dev/null | tail -n +2 | cut -d, -f1)" -- "$current"))
  fi
}
complete -F _tuner tuner
