# The server on the CPU.
# docker build -f Dockerfile -t acutance .
FROM python:3.12-slim-bookworm AS build
WORKDIR /src
COPY docs/deploy/requirements-cpu.txt ./
RUN python -m venv /opt/acutance && /opt/acutance/bin/pip install --no-cache-dir --require-hashes -r requirements-cpu.txt
COPY . .
# All dependencies are in the lock, so pip must not resolve them.
RUN /opt/acutance/bin/pip install --no-cache-dir --no-deps .

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home acutance
COPY --from=build /opt/acutance /opt/acutance
ENV PATH=/opt/acutance/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001
WORKDIR /tmp
EXPOSE 8080/tcp
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
    CMD ["python", "-m", "acutance.server.probe"]
# It listens on all addresses, so it requires a token: use --token-file, or --open.
ENTRYPOINT ["acutance"]
CMD ["serve", "--host", "0.0.0.0"]
