"""The routes for operators: liveness, readiness, metrics."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from chat import __version__
from chat.errors import Stopping
from chat.http.caller import TheEngine, authorize_reading
from chat.http.schemas import ErrorBody
from chat.telemetry.metrics import CONTENT_TYPE

router = APIRouter(tags=["server"], dependencies=[Depends(authorize_reading)])


@router.get("/healthz")
async def tell_health(engine: TheEngine) -> dict[str, str]:
    """Liveness probe, with the version of the app, and what reads scanned pages here."""
    return {"status": "ok", "version": __version__, "ocr": engine.ocr_engines}


@router.get("/readyz", responses={503: {"model": ErrorBody}})
async def tell_readiness(engine: TheEngine) -> dict[str, str]:
    """Readiness probe: 503 while the server stops."""
    if not engine.is_ready:
        raise Stopping("The server is stopping.")
    return {"status": "ready", "model": "yes" if engine.models.is_connected else "quotes"}


@router.get("/metrics", include_in_schema=False)
async def tell_metrics(engine: TheEngine) -> Response:
    """Metrics in Prometheus' text format."""
    return Response(engine.metrics.render(), media_type=CONTENT_TYPE)
