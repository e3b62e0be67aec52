# Cron++ as an image: built with the toolchain's image, run on Debian with the libraries that it links.
FROM swift:6.3-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends libsqlite3-dev libpq-dev libhiredis-dev \
        libcurl4-openssl-dev zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Package.swift Package.resolve[d] ./
COPY Plugins Plugins
COPY Sources Sources
COPY Tests Tests
COPY Benchmarks Benchmarks
RUN swift build -c release --product cronpp --static-swift-stdlib && cp "$(swift build -c release --show-bin-path)/cronpp" /cronpp

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates curl libcurl4 libhiredis0.14 libpq5 \
        libsqlite3-0 tini tzdata zlib1g \
    && rm -rf /var/lib/apt/lists/* && useradd --system --home-dir /var/lib/cronpp --create-home cronpp
COPY --from=build /cronpp /usr/bin/cronpp
USER cronpp
WORKDIR /var/lib/cronpp
ENV CRONPP_HTTP_HOST=0.0.0.0 CRONPP_DATA_DIR=/var/lib/cronpp
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s CMD curl -fsS http://127.0.0.1:8080/livez || exit 1
# Longer than DRAIN's 30 s, or docker would kill a node that is letting attempts finish.
STOPSIGNAL SIGTERM
# As the first process it would have to reap what programs of commands leave behind.
ENTRYPOINT ["tini", "--", "cronpp"]
CMD ["serve"]
