# One image for every process of ours; the command chooses: `docker run dermatrace:0.1.0 ingest`.
# Python is pinned to the patch, everything from the registry by hash, and nothing is compiled.
FROM python:3.13.15-slim-trixie AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
RUN python -m venv /opt/dermatrace
COPY requirements/runtime.txt requirements/
RUN /opt/dermatrace/bin/pip install --require-hashes --only-binary :all: -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY services services
# The build tool is in the lock: an isolated build would fetch one that nobody checked.
RUN /opt/dermatrace/bin/pip install --no-deps --no-build-isolation . \
    && /opt/dermatrace/bin/pip uninstall --yes hatchling pip

FROM python:3.13.15-slim-trixie
# Folders are here so that a new volume takes over owner and mode: nobody has to chown anything.
# 1883 is who mosquitto runs as in its own image; it reads what is written to /access.
RUN groupadd --gid 10001 dermatrace \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin dermatrace \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data \
    && install --directory --owner=10001 --group=10001 --mode=0750 /run/tokens \
    && install --directory --owner=1883 --group=1883 --mode=0700 /access
COPY --from=build /opt/dermatrace /opt/dermatrace
ENV PATH=/opt/dermatrace/bin:$PATH PYTHONUNBUFFERED=1 DERMATRACE_DATA=/data
USER 10001:10001
ENTRYPOINT ["dermatrace"]
CMD ["--help"]
