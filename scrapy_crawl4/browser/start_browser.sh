#!/bin/sh
# Starts the browser CRAWL4_BROWSER with a temporary folder of its own, TMPDIR, which goes when the browser has ended.
#
# What removes the folder is in a session of its own: whoever kills the crawl, its process group or the browser with
# this script does not kill that. It waits for the end of a pipe, which this script and the browser hold open.
trap : HUP INT TERM
program=$CRAWL4_BROWSER
folder=$TMPDIR
profile=
unset CRAWL4_BROWSER
mkdir -m 700 "$folder" && mkfifo "$folder/end" || {
    echo "[0:0:ERROR:start_browser.sh] no temporary folder can be made" >&2
    exit 1
}
for argument do
    case $argument in
    --user-data-dir=*/playwright_chromiumdev_profile-??????) # made by Playwright, and no folder of the user's
        profile=${argument#*=}
        ln -s "$profile" "$folder/profile"
        ;;
    esac
done

remove='
trap "" HUP INT TERM
exec 3>&- 4>&-
read -r end <"$1/end"
for try in 1 2 3 4 5 6 7 8 9; do
    rm -rf ${2:+"$2"} "$1" 2>/dev/null && break
    sleep 0.1 # what the browser started may still write
done
'
$(command -v setsid) sh -c "$remove" remove "$folder" "$profile" &
exec 9>"$folder/end"
echo $$ >"$folder/pid"

"$program" "$@"
status=$?
# The first two are the pipes through which the browser was driven: their end tells of its end.
exec 3>&- 4>&- 9>&-
wait
exit $status
