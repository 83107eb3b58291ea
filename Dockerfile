# Sluice's image: the program, the libraries it loads, CA certificates and time zones, and nothing else.
#
#   docker build -t sluice .
#
# It is built on Debian 13 for OpenSSL 3.5. It runs as uid 65532 and writes nothing outside /data and /tmp, so a
# read-only root works. BASE may name any image that holds Debian 13 with apt.
ARG BASE=debian:13
FROM ${BASE} AS build
WORKDIR /src
COPY scripts/deps scripts/small-curl scripts/
RUN scripts/deps --build && scripts/small-curl && apt-get -qq install -y --no-install-recommends tzdata >/dev/null
COPY . .
RUN scripts/build image && scripts/image-tree build/image/sluice /image

FROM scratch
COPY --from=build /image /
ENV PATH=/
USER 65532:65532
EXPOSE 80
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["/sluice", "healthcheck"]
ENTRYPOINT ["/sluice"]
