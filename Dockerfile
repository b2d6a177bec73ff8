# reconciler with all its extras, for a CI job or a worker:
#
#   docker run --rm --read-only --tmpfs /tmp --user "$(id -u):$(id -g)" \
#     -v "$PWD:/work" reconciler plan
#
# It writes below /work only (.reconciler/, and the files that a command names).

ARG PYTHON=python:3.13-slim-bookworm

FROM ${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY requirements/build.lock requirements/run.lock requirements/
RUN python -m venv /build \
 && /build/bin/pip install --require-hashes -r requirements/build.lock \
 && python -m venv --without-pip /reconciler \
 && pip --python /reconciler/bin/python install --require-hashes -r requirements/run.lock
COPY pyproject.toml README.md LICENSE ./
COPY reconciler reconciler
RUN SOURCE_DATE_EPOCH=315532800 /build/bin/python -m hatchling build -t wheel -d /dist \
 && pip --python /reconciler/bin/python install --no-deps --no-index /dist/*.whl \
 && /reconciler/bin/python -m compileall -q /reconciler/lib

FROM ${PYTHON}
# ssh-keygen judges approvals.
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends openssh-client \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /reconciler /reconciler
ENV PATH=/reconciler/bin:$PATH HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /work
ENTRYPOINT ["reconciler"]
CMD ["--help"]
