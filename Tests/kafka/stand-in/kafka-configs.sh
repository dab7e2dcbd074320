#!/usr/bin/env bash
# Stands in for Kafka's kafka-configs.sh, on the state of kafka-topics.sh beside it.
set -euo pipefail
echo "kafka-configs.sh $*" >>"$STAND_IN.calls"
while [ $# -gt 0 ]; do
    case $1 in
    --entity-name) topic=$2; shift ;;
    --add-config) config=$2; shift ;;
    esac
    shift
done
[[ $config =~ ^([a-z0-9.]+)=\[(.*)\]$ ]] || { echo "requirement failed: Invalid entity config" >&2; exit 1; }
file=$STAND_IN/$topic
kept=$(grep -v "^${BASH_REMATCH[1]//./\\.}=" "$file")
printf '%s\n%s=%s\n' "$kept" "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" >"$file"
echo "Completed updating config for topic $topic."
