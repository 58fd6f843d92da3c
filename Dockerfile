# The gateway alone, as a static program in an image that has nothing else.
#
# The bases are arguments: a release pins them by digest, and where no registry is
# reached they are made locally (tests/image/bases).
ARG RUST_IMAGE=docker.io/library/rust:1.95-bookworm

FROM ${RUST_IMAGE} AS build
WORKDIR /src

# What the program is built of is in the program: `cargo audit bin` reads it, also in
# an image that has no package manager.
ARG CARGO_AUDITABLE_VERSION=0.7.7
RUN cargo install --locked cargo-auditable@${CARGO_AUDITABLE_VERSION}

# The dependencies are a layer of their own. What else the manifests
# name has to be there for cargo to read them, though nothing of it is built.
COPY deploy/build deploy/
COPY Cargo.toml Cargo.lock ./
COPY tests/sandbox/Cargo.toml tests/sandbox/
COPY bench/actix/Cargo.toml bench/actix/
COPY bench/stub/Cargo.toml bench/stub/
COPY benches benches
RUN mkdir -p src bench/actix/src bench/stub/src tests/sandbox/src tests/it \
    && touch src/lib.rs tests/sandbox/src/lib.rs tests/it/main.rs \
    && echo 'fn main() {}' \
        | tee src/main.rs bench/actix/src/main.rs bench/stub/src/main.rs > tests/sandbox/src/main.rs \
    && deploy/build

COPY openapi.yaml ./
COPY deploy deploy
COPY src src
# The stand-ins are older than nothing: cargo goes by times.
RUN touch src/lib.rs src/main.rs \
    && deploy/build \
    && install -D target/*/release/mi-gateway /out/mi-gateway

FROM scratch
# Version, revision and time are told to the builder (--label): it would take a layer of
# before for one whose arguments alone are others.
LABEL org.opencontainers.image.title="mi-gateway" \
    org.opencontainers.image.description="Azure power operations and directory look-ups over REST, with a managed identity and no credential" \
    org.opencontainers.image.licenses="MIT OR Apache-2.0"
# Whom the gateway trusts at Azure's end; another bundle may be mounted over it, or
# named by SSL_CERT_FILE.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/mi-gateway /mi-gateway
USER 65532:65532
EXPOSE 8080 9090
# Kubernetes and Container Apps go by their own probes.
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD ["/mi-gateway", "healthcheck"]
ENTRYPOINT ["/mi-gateway"]
