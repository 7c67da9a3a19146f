# Two stages: what installs packages does not run, and what runs can install nothing. The base has images for every
# machine that wheels are made for (amd64, arm64): docker buildx build --platform linux/amd64,linux/arm64 .
FROM python:3.13-slim-bookworm AS build
RUN apt-get update -qq && apt-get install -qq --no-install-recommends binutils
RUN python -m venv /venv
COPY requirements.lock .
RUN /venv/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements.lock \
 && /venv/bin/pip uninstall --yes setuptools pip
# What only debuggers read is a quarter of it all. (`strip` is for these alone: others were changed after they were linked.)
RUN find /venv -name '*.so' -exec strip --strip-unneeded {} + \
 && find /venv -type d '(' -name tests -o -name testing ')' -prune -exec rm -r {} +
COPY bot /app/bot
RUN python -m compileall -q /venv /app && mkdir /data

FROM python:3.13-slim-bookworm
LABEL org.opencontainers.image.title="Samora for Slack" \
      org.opencontainers.image.description="Look up, share and follow Samora AI phone calls without leaving Slack." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT"
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
# As long as it migrates large tables it doesn't answer yet. It is asked past HTTP_PROXY.
HEALTHCHECK --interval=10s --timeout=3s --start-period=15m \
    CMD ["python", "-c", "import os, http.client as h; c = h.HTTPConnection('127.0.0.1', os.environ['PORT'], timeout=2); c.request('GET', '/healthz'); exit(c.getresponse().status != 200)"]
# `python -m bot` is `samora-bot`: `docker run IMAGE check` works too.
ENTRYPOINT ["python", "-m", "bot"]
CMD ["run"]
