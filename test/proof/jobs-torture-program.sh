#!/bin/sh
# What the torture's workers run: <output file> "<number> <kind>". Each start is a line in `runs`.
number=${2%% *}
echo "$number" >> "$TORTURE_FOLDER/runs"
case $2 in
*' sleeps') sleep 0.2 ;;
*' forks') sleep 1000 & ;;
*' hangs')
  trap '' TERM
  sleep 1000 &
  while :; do sleep 1000; done
  ;;
*' fails') exit 1 ;;
esac
echo "done $number" > "$1"
