# shellcheck shell=bash
# What every foreign peer's `run` shares: where things are, pinned tools, processes with a time bound,
# network namespaces, and the count at the end. Sourced, never run.
#
# A script is called twice: plainly (builds, then starts each case) and as `run --case FUNCTION`
# (one case, already inside its namespace). `peer_main` at the end of each script does both.

HERE=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
ROOT=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
FOREIGN="$ROOT/.foreign"          # ignored by git: everything installed or generated, kept between runs
BIN="$FOREIGN/bin"
PYTHON="$FOREIGN/python/bin/python"
CHECK_LIMIT=20                    # seconds for one checked command
CASE_LIMIT=${CASE_LIMIT:-120}     # seconds for one case
TMP=$(mktemp -d)
PIDS=()                           # what this shell started and has not yet seen end

# Ends what was started, by id, and never leaves a stray server behind a failed check.
cleanup() {
    local pid
    for pid in "${PIDS[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
    for pid in "${PIDS[@]}"; do await_end "$pid" 5 || kill -KILL "$pid" 2>/dev/null || true; done
    rm -rf "$TMP"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Everything that is not a check fails by this: one line, and the case counts as failed.
die() {
    echo "$*" >&2
    exit 1
}

# need COMMAND DEBIAN-PACKAGE
need() { command -v "$1" >/dev/null || die "$1 is missing: apt-get install $2"; }

# --- tools, each at one exact version -------------------------------------------------------------

# One builder at a time: two scripts may run side by side in one checkout.
lock_tools() {
    mkdir -p "$BIN"
    exec 9>"$FOREIGN/lock"
    flock -w 1200 9 || die "another script has held $FOREIGN/lock for 20 minutes"
}
unlock_tools() { exec 9>&-; }

go_setup() {
    need go golang
    export GOTOOLCHAIN=local GOFLAGS=-buildvcs=false GOWORK=off
}

# go_tool PACKAGE VERSION [FOLDER]: installed once, again when the version here changes.
go_tool() {
    local folder=${3:-$BIN}
    local stamp="$folder/${1##*/}.version"
    [[ -f $stamp && $(<"$stamp") == "$1@$2" ]] && return
    GOBIN="$folder" timeout 900 go install "$1@$2"
    echo "$1@$2" >"$stamp"
}

# nats_server: sets NATS_SERVER to a real one, built by Go. Within `build`.
nats_server() {
    go_setup
    go_tool github.com/nats-io/nats-server/v2 v2.15.2 "$FOREIGN/nats"
    export NATS_SERVER="$FOREIGN/nats/nats-server"
}

# start_nats NAME PORT [OPTION…]: one on loopback that is ready, and takes messages of 8 MiB; `stop NAME` ends it.
start_nats() {
    local name=$1 port=$2
    shift 2
    echo 'max_payload: 8388608' >"$TMP/$name.conf" # no flag says it
    start "$name" "${NATS_SERVER:-$FOREIGN/nats/nats-server}" --config "$TMP/$name.conf" --addr 127.0.0.1 --port "$port" "$@"
    await_line "$name" 'Server is ready'
}

# go_micro_peer v2|v5: peer/ with what v2/ or v5/ adds, built against that go-micro as $WORK/v2|v5/peer/bin/peer. It is
# written for v5, and has its modules' versions from there, or from the seed.
go_micro_peer() {
    local work="$WORK/$1/peer" modules="$ROOT/tests/foreign/go-micro/v5"
    [[ $1 == v5 ]] || modules="$ROOT/tests/foreign/seed/web_demo"
    mkdir -p "$work/bin"
    cp "$HERE"/peer/*.go "$HERE/$1"/*.go "$modules"/go.{mod,sum} "$work/"
    sed -i 's/^module .*/module peer/' "$work/go.mod"
    [[ $1 == v5 ]] || sed -i 's#go-micro.dev/v5#github.com/micro/go-micro/v2#' "$work"/*.go
    {
        cat "$ROOT/proto/greet/v1/greeter.proto"
        echo 'option go_package = "peer/pb";'
    } >"$work/greeter.proto"
    (
        cd "$work"
        GOBIN="$work/bin" timeout 900 go install tool
        PATH="$work/bin:$PATH" "$PYTHON" -m grpc_tools.protoc -I . --go_out=.. --micro_out=.. greeter.proto
        timeout 900 go build -o bin/ .
    )
}

# A Python of our own with what requirements.txt pins; remade when the pins change.
python_setup() {
    local pins="$ROOT/tests/foreign/requirements.txt"
    cmp -s "$pins" "$FOREIGN/python/pins.txt" && return
    rm -rf "$FOREIGN/python"
    python3 -m venv "$FOREIGN/python"
    timeout 600 "$PYTHON" -m pip install --quiet --no-deps -r "$pins"
    cp "$pins" "$FOREIGN/python/pins.txt"
}

# node_setup FOLDER PINS: what PINS/package-lock.json pins, installed in FOLDER; again when the pins change.
node_setup() {
    need node nodejs
    need npm npm
    mkdir -p "$1"
    cmp -s "$2/package-lock.json" "$1/installed.json" && return
    cp "$2"/package*.json "$1/"
    (cd "$1" && timeout 600 npm ci --silent --no-audit --no-fund --ignore-scripts)
    cp "$2/package-lock.json" "$1/installed.json"
}

# redis_setup: Debian's Redis, which needs too many libraries to be unpacked beside the system.
redis_setup() {
    command -v redis-server >/dev/null && return
    echo "installing redis-server"
    { apt-get update && apt-get install -y --no-install-recommends redis-server; } >"$TMP/apt.log" 2>&1 ||
        die "redis-server cannot be installed: $(tail -n 3 "$TMP/apt.log")"
}

# protoc ARGUMENTS: the one inside grpcio-tools, so that no system protoc is needed.
protoc() { "$PYTHON" -m grpc_tools.protoc -I "$ROOT/proto" "$@"; }

# build_examples NAME…: sets EXAMPLES to the folder that has them. The dev profile, since `cargo test`
# has built it already. RMICRO_EXAMPLES=FOLDER uses programs that are there: other builds, or stand-ins
# that tell whether a failed check is the script's fault or ours.
build_examples() {
    export RMICRO_EXAMPLES=${RMICRO_EXAMPLES:-$(target_of "$ROOT")/debug/examples}
    EXAMPLES=$RMICRO_EXAMPLES
    build_ours "$EXAMPLES" --example "$@"
}

# build_programs NAME…: the same for programs of the crate `tests`; sets PROGRAMS, which RMICRO_PROGRAMS
# overrides.
build_programs() {
    export RMICRO_PROGRAMS=${RMICRO_PROGRAMS:-$(target_of "$ROOT")/debug}
    PROGRAMS=$RMICRO_PROGRAMS
    build_ours "$PROGRAMS" --bin "$@"
}

# build_ours FOLDER --example|--bin NAME…: unless somebody else's folder is to be used. BUILD_FEATURES=A,B switches on features
# that the crates `examples` and `tests` have.
build_ours() {
    local folder=$1 kind=$2 name wanted=()
    shift 2
    if [[ -n ${BUILD_FEATURES:-} ]]; then wanted+=(--features "$BUILD_FEATURES"); fi
    [[ $folder == "$(target_of "$ROOT")"/* ]] || return 0
    for name in "$@"; do wanted+=("$kind" "$name"); done
    (cd "$ROOT" && timeout 1800 cargo build --quiet --workspace "${wanted[@]}")
}

# test_program FILE TARGET ARGUMENTS…: FILE is then the program that `cargo test ARGUMENTS…` makes of this test target; it makes
# others beside it.
test_program() {
    local file=$1 target=$2 made
    shift 2
    made=$(cd "$ROOT" && timeout 1800 cargo test --quiet --no-run --message-format json "$@" |
        sed -n "s/.*\"executable\":\"\([^\"]*\/$target-[0-9a-f]*\)\".*/\1/p" | tail -n 1)
    [[ $made ]] || die "cargo made no test $target of: $*"
    ln -sf "$made" "$file"
}

# target_of FOLDER: where cargo builds what is there.
target_of() {
    (cd "$1" && cargo metadata --format-version 1 --no-deps) |
        sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p'
}

# --- processes ------------------------------------------------------------------------------------

# start NAME COMMAND…: in the background; its output goes to $TMP/NAME.log.
start() {
    local name=$1
    shift
    : >"$TMP/$name.log" # there before await_line looks
    "$@" </dev/null >"$TMP/$name.log" 2>&1 &
    PIDS+=($!)
    declare -g "PID_$name=$!"
}

# redis_server NAME [ARGUMENT…]: a Redis on loopback with its data in $TMP/NAME and nothing saved, unless the arguments say
# otherwise (`--appendonly yes`); REDIS is its address. Called again for the same NAME it comes back where it was, with its data.
redis_server() {
    local name=$1 port tries=20 known="PORT_$1"
    shift
    mkdir -p "$TMP/$name.data"
    while ((tries-- > 0)); do
        port=${!known:-$((20000 + RANDOM % 12000))}
        start "$name" redis-server --bind 127.0.0.1 --port "$port" --dir "$TMP/$name.data" --save '' "$@"
        if redis_is_up "$name"; then
            declare -g "$known=$port" "REDIS=127.0.0.1:$port"
            return
        fi
    done
    die "no redis-server starts:"$'\n'"$(log_of "$name")"
}

redis_is_up() {
    until grep -q 'Ready to accept connections' "$TMP/$1.log"; do
        kill -0 "$(pid_of "$1")" 2>/dev/null || return 1
        sleep 0.02
    done
}

# kill_server NAME: as a power cut would end it.
kill_server() {
    local pid
    pid=$(pid_of "$1")
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null || true
    forget "$pid"
}

pid_of() { local variable="PID_$1"; echo "${!variable}"; }
log_of() { cat "$TMP/$1.log"; }

# await_line NAME REGEX: until the log has it. Ends the case when the process ends first, or after 15 s.
await_line() {
    local end=$((SECONDS + 15))
    until grep -Eq "$2" "$TMP/$1.log"; do
        if ((SECONDS >= end)) || ! kill -0 "$(pid_of "$1")" 2>/dev/null; then
            die "$1 never logged /$2/, only:"$'\n'"$(log_of "$1")"
        fi
        sleep 0.05
    done
}

# port_of NAME: the port that a go-micro or rmicro server says it listens on; v5 quotes what it says.
port_of() { sed -n 's/.*Server \[grpc\] Listening on .*:\([0-9]\{1,\}\)"\{0,1\}$/\1/p' "$TMP/$1.log" | head -n 1; }

# address_of NAME: the same of a foreign server that says `Listening on HOST:PORT`.
address_of() { sed -n 's/.*Listening on \([0-9.]*:[0-9]*\)$/\1/p' "$TMP/$1.log" | head -n 1; }

# await_end PID SECONDS: true when it ended in time.
await_end() {
    local end=$((SECONDS + $2))
    while kill -0 "$1" 2>/dev/null; do
        ((SECONDS < end)) || return 1
        sleep 0.05
    done
}

# stop NAME [SECONDS]: SIGTERM, then its exit code, or 137 when it had to be killed.
stop() {
    local pid code=0
    pid=$(pid_of "$1")
    kill -TERM "$pid" 2>/dev/null || true
    await_end "$pid" "${2:-15}" || kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" || code=$?
    forget "$pid"
    return "$code"
}

# forget PID: it has ended and been waited for; its number may soon be somebody else's.
forget() {
    local pid left=()
    for pid in "${PIDS[@]}"; do if [[ $pid != "$1" ]]; then left+=("$pid"); fi; done
    PIDS=("${left[@]}")
}

# --- checks ---------------------------------------------------------------------------------------

ok() { echo "ok $1"; }
failed() { echo "FAILED $1: $2"; }

# check NAME CODE REGEX COMMAND…: exit code (`!0`: any but 0) and output (both streams) must fit.
check() {
    local name=$1 want=$2 regex=$3 code=0 out
    shift 3
    out=$(bounded "$@" 2>&1) || code=$?
    if [[ $want == '!0' && $code == 0 || $want != '!0' && $code != "$want" ]]; then
        failed "$name" "exit code $code, wanted $want; it said:"$'\n'"$out"
    elif ! grep -Eq -- "$regex" <<<"$out"; then
        failed "$name" "no /$regex/ in:"$'\n'"$out"
    else
        ok "$name"
    fi
}

# judged LABEL COMMAND…: the command prints a line `ok NAME` or `FAILED NAME: WHY` for each of its checks, as
# our programs and the peers' do; here each gets the label. One that prints none, or ends badly, is a failed
# check too.
judged() {
    local label=$1 code=0 out
    shift
    out=$("$@" 2>"$TMP/judged.err") || code=$?
    sed -n "s/^\(ok\|FAILED\) /\1 $label: /p; t; s/^/    /p" <<<"$out"
    if ((code != 0)) || ! grep -q '^ok ' <<<"$out"; then
        failed "$label" "exit code $code after these lines; it said:"$'\n'"$(tail -n 20 "$TMP/judged.err")"
    fi
}

# check_stop NAME PROCESS [SECONDS]: SIGTERM ends it with code 0.
check_stop() {
    local code=0
    stop "$2" "${3:-15}" || code=$?
    if ((code == 0)); then ok "$1"; else failed "$1" "exit code $code; its log:"$'\n'"$(log_of "$2")"; fi
}

# bounded COMMAND…: at most CHECK_LIMIT seconds (then code 124). A function of the script runs as it is
# and bounds its own steps.
bounded() {
    if [[ $(type -t "$1") == function ]]; then "$@"; else timeout -k 2 "$CHECK_LIMIT" "$@"; fi
}

# --- cases and the count --------------------------------------------------------------------------

# Root makes a network namespace directly; anybody else through a user namespace.
OWN_NETWORK=(unshare --net)
if ((EUID != 0)); then OWN_NETWORK+=(--map-root-user); fi

# run_case route|bare FUNCTION: in a network namespace of its own, where nothing but `lo` exists. Go's mDNS
# needs the multicast route; ours must not.
run_case() {
    local code=0 log="$TMP/case.log"
    echo "-- $2 ($1)"
    "${OWN_NETWORK[@]}" timeout -k 10 "$CASE_LIMIT" "$HERE/run" --case "$1" "$2" </dev/null >"$log" 2>&1 &
    PIDS+=($!)
    wait $! || code=$?
    forget $!
    ((code == 0)) || failed "$2 ($1)" "the case ended with code $code" >>"$log"
    cat "$log"
    cat "$log" >>"$TMP/all.log"
}

inside_case() {
    ip link set lo up
    if [[ $1 == route ]]; then ip route add 224.0.0.0/4 dev lo; fi
    "$2"
}

# The last line, and the exit code: nothing passed is a failure too.
summary() {
    local passed bad
    passed=$(grep -c '^ok ' "$TMP/all.log" || true)
    bad=$(grep -c '^FAILED ' "$TMP/all.log" || true)
    echo "$passed passed, $bad failed"
    ((passed > 0 && bad == 0))
}

# peer_main "$@": the script's functions `build` and `cases` do the rest.
peer_main() {
    if [[ ${1:-} == --case ]]; then
        EXAMPLES=${RMICRO_EXAMPLES:-}
        PROGRAMS=${RMICRO_PROGRAMS:-}
        inside_case "$2" "$3"
        return
    fi
    need unshare util-linux
    need ip iproute2
    lock_tools
    build
    unlock_tools
    cases
    summary
}
