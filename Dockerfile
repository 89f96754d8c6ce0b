# One image for all processes; docker-compose.yml says which one a container runs.
FROM python:3.11-slim AS build
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /app
COPY requirements/runtime.txt requirements/runtime.in requirements/
RUN pip install --no-cache-dir --no-compile --require-hashes -r requirements/runtime.txt
COPY pyproject.toml README* ./
COPY shared shared
COPY services services
COPY deploy deploy
# editable: the venv gets the `loopdesk` command and the way to /app, the code stays in /app
RUN pip install --no-cache-dir --no-deps --no-build-isolation --editable . \
    && pip uninstall --yes pip \
    && rm -rf deploy/localstack/__pycache__ *.egg-info/SOURCES.txt

FROM python:3.11-slim
RUN useradd --system --user-group --home-dir /app --shell /usr/sbin/nologin loopdesk \
    && install -d -o loopdesk -g loopdesk /var/lib/loopdesk /var/lib/loopdesk/sms /var/lib/loopdesk/mail
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LANG=C.UTF-8
WORKDIR /app
USER loopdesk
CMD ["loopdesk", "--help"]
