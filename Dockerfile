# One image for migrate, web, worker and beat; the command chooses. Kernels are compiled where they run, for that processor.
# With PACKAGES=training it has PyTorch, too, for workers that train networks.
ARG PACKAGES=packages
FROM python:3.11-slim AS packages
RUN python -m venv /packages
COPY requirements.txt .
RUN /packages/bin/pip install --no-cache-dir --disable-pip-version-check -r requirements.txt

FROM packages AS training
ARG TORCH_INDEX=
COPY requirements-train.txt .
RUN /packages/bin/pip install --no-cache-dir --disable-pip-version-check ${TORCH_INDEX:+--extra-index-url $TORCH_INDEX} -r requirements-train.txt

FROM ${PACKAGES} AS chosen

FROM python:3.11-slim
ENV PATH=/packages/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    EVOLUTION_CACHE_DIR=/kernels \
    DATASETS_FOLDER=/datasets
RUN useradd --system --uid 10001 --user-group --no-create-home evolution \
    && install --directory --owner evolution --group evolution /kernels \
    && install --directory --owner evolution --group evolution /datasets
COPY --from=chosen /packages /packages
WORKDIR /server
COPY manage.py LICENSE ./
COPY mlbackend/ mlbackend/
COPY api/ api/
COPY processing/ processing/
COPY staging/ staging/
COPY formatting/ formatting/
COPY database/ database/
COPY examples/ examples/
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 \
    CMD ["python", "-c", "from urllib.request import ProxyHandler, build_opener; build_opener(ProxyHandler({})).open('http://127.0.0.1:8000/healthz', timeout=5)"]
CMD ["uvicorn", "mlbackend.asgi:application", "--host", "0.0.0.0", "--port", "8000"]
