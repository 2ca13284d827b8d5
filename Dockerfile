# The receiver. Its configuration, rules and secrets are mounted (docker-compose.yml), never built in.
FROM python:3.11-slim
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /opt/streamwatch
COPY requirements/runtime.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN pip install --no-cache-dir --no-deps .
# Compose runs it as the owner of the secrets, whoever that is: the database's folder takes any user, as /tmp does.
RUN useradd --uid 1000 --no-create-home streamwatch && install -d -m 1777 /streamwatch/.streamwatch/data
WORKDIR /streamwatch
USER streamwatch
EXPOSE 8780
CMD ["streamwatch", "serve", "--config", "/streamwatch/config/duty.yml"]
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8780/-/healthy', timeout=2)"]
