# The server on processors alone.
# docker build -f Dockerfile -t acutance .
FROM python:3.12-slim-bookworm AS build
WORKDIR /src
COPY docs/deploy/requirements-cpu.txt ./
RUN python -m venv /opt/acutance && /opt/acutance/bin/pip install --no-cache-dir --require-hashes -r requirements-cpu.txt
COPY . .
# What it depends on is in the lock: pip need not look again.
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
# It listens to others, so it asks for a token: give one with --token-file, or say --open.
ENTRYPOINT ["acutance"]
CMD ["serve", "--host", "0.0.0.0"]
