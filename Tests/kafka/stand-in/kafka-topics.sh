#!/usr/bin/env bash
# Stands in for Kafka's kafka-topics.sh: what it would do to a cluster goes into the folder $STAND_IN, a file a topic
# (partitions, replicas, then a setting a line), every call into $STAND_IN.calls. It refuses what Kafka refuses.
set -euo pipefail
echo "kafka-topics.sh $*" >>"$STAND_IN.calls"
topic='' partitions='' replicas='' verb='' configs=()
while [ $# -gt 0 ]; do
    case $1 in
    --create | --alter | --describe) verb=$1; shift ;;
    --bootstrap-server) [ "$2" = broker:9092 ] || { echo "Timed out waiting for a node assignment." >&2; exit 1; }; shift 2 ;;
    --command-config) [ -r "$2" ] || exit 1; shift 2 ;;
    --topic) topic=$2; shift 2 ;;
    --partitions) partitions=$2; shift 2 ;;
    --replication-factor) replicas=$2; shift 2 ;;
    --config) configs+=("$2"); shift 2 ;;
    *) echo "unknown option $1" >&2; exit 1 ;;
    esac
done
case $verb in
--create)
    [ ! -e "$STAND_IN/$topic" ] || { echo "Topic '$topic' already exists." >&2; exit 1; }
    [ "$replicas" -le 3 ] || { echo "Replication factor: $replicas larger than available brokers: 3." >&2; exit 1; }
    printf '%s\n' "$partitions" "$replicas" "${configs[@]}" >"$STAND_IN/$topic"
    echo "Created topic $topic."
    ;;
--alter)
    [ "$partitions" -gt "$(sed -n 1p "$STAND_IN/$topic")" ] || { echo "Topic currently has more partitions" >&2; exit 1; }
    sed -i "1s/.*/$partitions/" "$STAND_IN/$topic"
    ;;
--describe)
    for file in "$STAND_IN"/*; do
        [ -e "$file" ] || continue
        name=${file##*/}
        { read -r partitions; read -r replicas; set=$(grep . | paste -sd, || true); } <"$file"
        printf 'Topic: %s\tTopicId: Zy9pB2-_QbKz\tPartitionCount: %s\tReplicationFactor: %s\tConfigs: %s\n' \
            "$name" "$partitions" "$replicas" "$set"
        for ((index = 0; index < partitions; index++)); do
            printf '\tTopic: %s\tPartition: %s\tLeader: 1\tReplicas: 1\tIsr: 1\tElr: \tLastKnownElr: \n' "$name" "$index"
        done
    done
    ;;
*) exit 1 ;;
esac
