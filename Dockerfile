# Two stages: what installs packages does not run, and what runs can install nothing.
FROM python:3.13-slim AS build
RUN python -m venv /venv
COPY requirements.lock .
RUN /venv/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements.lock \
 && /venv/bin/pip uninstall --yes pip
COPY bot /app/bot
RUN python -m compileall -q /venv /app && mkdir /data

FROM python:3.13-slim
COPY --from=build /venv /venv
COPY --from=build /app /app
COPY --from=build --chown=10001:10001 /data /data
ENV PATH=/venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 PORT=3000 LOG_FORMAT=json DATABASE_URL=sqlite:////data/samora-bot.db
WORKDIR /app
# Nobody in particular; nothing but /data is writable for it, and that need be only for SQLite: run with --read-only
# --cap-drop ALL.
USER 10001:10001
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=15s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=2)"]
# `python -m bot` is `samora-bot`: `docker run IMAGE check` works too.
ENTRYPOINT ["python", "-m", "bot"]
CMD ["run"]
