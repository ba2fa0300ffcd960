#!/bin/sh
# Builds a real server from the Go module its makers publish, once, and prints where it is.
#   sh tests/servers/build.sh influxd     InfluxDB 2.7; needs go, cargo and gcc
#   sh tests/servers/build.sh telegraf    Telegraf with the plugins a comparison needs; needs go
# README.md beside this file says why and how long. DERMATRACE_SERVERS names the folder for them.
set -eu

name=${1:-}
recipes=$(cd "$(dirname "$0")" && pwd)
store=${DERMATRACE_SERVERS:-$HOME/.cache/dermatrace-servers}
server=$store/$name

# Telegraf's own way to leave plugins out; there are hundreds, with as many libraries behind them.
telegraf_plugins=inputs.mqtt_consumer,inputs.internal
telegraf_plugins=$telegraf_plugins,parsers.json_v2,parsers.xpath,parsers.influx,parsers.value
telegraf_plugins=$telegraf_plugins,processors.starlark,processors.converter,serializers.influx
telegraf_plugins=$telegraf_plugins,outputs.influxdb_v2,outputs.discard,outputs.file

stop() {
    echo "$0: $1" >&2
    exit 2
}

need() {
    command -v "$1" >/dev/null || stop "building $name needs $1, which is not on PATH: install $2"
}

# From 1.21 on, go itself says, or fetches, the version that a go.mod asks for.
need_go() {
    need go "Go 1.25.5 or newer (what distributions offer may be older)"
    case $(go env GOVERSION) in
    go1.? | go1.?.* | go1.1? | go1.1?.* | go1.20 | go1.20.*)
        stop "$(go env GOVERSION) is too old to build $name: install Go 1.25.5 or newer"
        ;;
    esac
}

build_influxd() {
    go build -o pkg-config github.com/influxdata/pkg-config
    # It compiles the query language's library, written in Rust, which asks for a compiler years
    # old and to fail on every warning. Today's compiler does as well if warnings stay warnings; for
    # the parts that run while it builds, only a wrapper can tell it so.
    printf '#!/bin/sh\nexec "$@" --cap-lints warn\n' >rustc-lenient
    chmod +x rustc-lenient
    PKG_CONFIG=$work/pkg-config RUSTC_WRAPPER=$work/rustc-lenient \
        RUSTUP_TOOLCHAIN=${RUSTUP_TOOLCHAIN:-stable} CGO_ENABLED=1 \
        go build -tags sqlite_foreign_keys,sqlite_json -o "$name" \
        -ldflags "-s -w -X main.version=$version -X main.commit=module" \
        github.com/influxdata/influxdb/v2/cmd/influxd
}

build_telegraf() {
    CGO_ENABLED=0 go build -tags "custom,$telegraf_plugins" -o "$name" \
        -ldflags "-s -w -X github.com/influxdata/telegraf/internal.Version=${version#v}" \
        github.com/influxdata/telegraf/cmd/telegraf
}

case $name in
influxd) module=github.com/influxdata/influxdb/v2 ;;
telegraf) module=github.com/influxdata/telegraf ;;
*) stop "which server? influxd or telegraf" ;;
esac

# A server built by another recipe than today's is built anew.
recipe=$(cat "$0" "$recipes/$name/go.mod" "$recipes/$name/go.sum" | cksum)
if [ -x "$server" ] && [ "$(cat "$server.recipe" 2>/dev/null)" = "$recipe" ]; then
    echo "$server"
    exit 0
fi

need_go
if [ "$name" = influxd ]; then
    need gcc "gcc and libc6-dev"
    need pkg-config "it"
    need cargo "Rust 1.72 or newer (what distributions offer may be older)"
fi
mkdir -p "$store"
# In the store's own file system: moving a finished server into place is then one step, whoever
# else builds or starts it at that moment.
work=$(mktemp -d "$store/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cp "$recipes/$name/go.mod" "$recipes/$name/go.sum" "$work"
cd "$work"
export GOFLAGS="-mod=readonly -buildvcs=false"
version=$(go list -m -f '{{.Version}}' "$module")
"build_$name" >&2
mv "$name" "$server"
echo "$recipe" >"$server.recipe"
echo "$server"
