# shellcheck shell=dash
# shellcheck disable=SC2034 # what is set here is read in other files
# Words of the command line whose fields are separated by colons.

# split_fields WORD: sets F1 to F14 and F_COUNT. An IPv6 address stands in brackets, which are taken away:
# [fd00::1]/64:eth0 has two fields. What is beyond the 14th stays in F_REST.
split_fields() {
  local rest=$1: field after
  F_COUNT=0 F_REST=
  for field in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do eval "F$field="; done
  while [ -n "$rest" ]; do
    case $rest in
      \[*\]*:*)
        field=${rest#\[}
        after=${field#*\]}
        field=${field%%\]*}${after%%:*}
        rest=${after#*:}
        ;;
      *)
        field=${rest%%:*}
        rest=${rest#*:}
        ;;
    esac
    F_COUNT=$((F_COUNT + 1))
    [ "$F_COUNT" -le 14 ] || F_REST="$F_REST:$field"
    [ "$F_COUNT" -gt 14 ] || eval "F$F_COUNT=\$field"
  done
}

# words_of LIST: a list with commas (or semicolons) as one with blanks.
words_of() {
  local rest=$1 words=
  while :; do
    case $rest in
      *[,\;]*)
        words="$words ${rest%%[,;]*}"
        rest=${rest#*[,;]}
        ;;
      *) break ;;
    esac
  done
  words="$words $rest"
  echo "${words# }"
}
