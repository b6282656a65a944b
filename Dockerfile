# Third-party front-end files, from the lock file; nothing of Node reaches the final image.
FROM node:22-slim AS front
WORKDIR /static
COPY static/package.json static/package-lock.json ./
RUN npm ci --no-audit --no-fund --ignore-scripts

FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DJANGO_SETTINGS_MODULE=portal.settings
WORKDIR /srv/heliosphere
COPY requirements/uv.lock requirements/run.lock requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/uv.lock \
 && uv pip install --system --no-cache --require-hashes -r requirements/run.lock
COPY manage.py ./
COPY portal portal
COPY allocations allocations
COPY instances instances
COPY templates templates
COPY static static
COPY --from=front /static/node_modules static/node_modules
# Development secrets serve this one step; the processes refuse to start without real ones.
RUN DEVELOPMENT=1 python manage.py vendor && DEVELOPMENT=1 python manage.py collectstatic --noinput --verbosity 0 \
 && rm -rf static/node_modules portal/democloud portal/demo \
 && useradd --system --create-home --home-dir /var/lib/heliosphere heliosphere \
 && install -d -o heliosphere -m 700 /var/lib/heliosphere/recordings /var/lib/heliosphere/work
USER heliosphere
EXPOSE 8000 8001
CMD ["uvicorn", "portal.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--lifespan", "off"]
