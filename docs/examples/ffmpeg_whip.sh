#!/bin/sh
# Publishes a clip in real time: sh ffmpeg_whip.sh clip.mp4 http://localhost:8080/whip/NAME
# Needs FFmpeg 8 or newer with its WHIP muxer (ffmpeg -muxers | grep whip). With a token: TOKEN=... sh ffmpeg_whip.sh ...
set -eu
[ -z "${TOKEN:-}" ] || set -- "$1" "$2" -authorization "$TOKEN"
clip=$1 url=$2
shift 2
# No B-frames: WebRTC does not support them. A keyframe each second: FFmpeg 8.0 does not answer keyframe requests.
exec "${FFMPEG:-ffmpeg}" -hide_banner -re -i "$clip" \
    -c:v libx264 -preset veryfast -tune zerolatency -profile:v baseline -pix_fmt yuv420p -bf 0 -g 30 -b:v 1500k \
    -c:a libopus -ar 48000 -ac 2 -b:a 96k \
    "$@" -f whip "$url"
