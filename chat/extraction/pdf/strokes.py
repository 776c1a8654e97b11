"""What a page of PDF draws along the axes: lines, and the edges of rectangles. Knows pdfium, and no text."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

from pypdfium2 import raw  # type: ignore[import-untyped]

from chat.extraction.pdf.page_layout import THIN, Box

MOST_OBJECTS = 6_000
MOST_SEGMENTS = 400  # of a path; one with more is a drawing
DEEPEST_FORM = 3
STRAIGHT = 0.6  # points by which a line along an axis may lean
WHITE = 250  # of 255: what is lighter cannot be seen on paper

Matrix = tuple[float, float, float, float, float, float]
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def find_strokes(page: Any) -> Iterator[Box]:
    """Yield the box of each line, in points; y grows downwards."""
    count = min(MOST_OBJECTS, raw.FPDFPage_CountObjects(page))
    for index in range(count):
        yield from _strokes_of(raw.FPDFPage_GetObject(page, index), IDENTITY, DEEPEST_FORM)


def _strokes_of(found: Any, outer: Matrix, depth: int) -> Iterator[Box]:
    kind = raw.FPDFPageObj_GetType(found)
    if kind == raw.FPDF_PAGEOBJ_PATH:
        is_stroked, is_filled = _is_drawn(found)
        if is_stroked:
            yield from _path(found, _multiply(_matrix(found), outer))
        elif is_filled:
            yield from _bar(found, outer)
    elif kind == raw.FPDF_PAGEOBJ_FORM and depth:
        inner = _multiply(_matrix(found), outer)
        for index in range(min(MOST_OBJECTS, raw.FPDFFormObj_CountObjects(found))):
            yield from _strokes_of(raw.FPDFFormObj_GetObject(found, index), inner, depth - 1)


def _is_drawn(path: Any) -> tuple[bool, bool]:
    """Return whether a path is stroked, and whether it is filled with what can be seen on paper."""
    mode, is_stroked = ctypes.c_int(), ctypes.c_int()
    raw.FPDFPath_GetDrawMode(path, mode, is_stroked)
    if is_stroked.value or not mode.value:
        return bool(is_stroked.value), False
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    raw.FPDFPageObj_GetFillColor(path, red, green, blue, alpha)
    return False, min(red.value, green.value, blue.value) < WHITE and alpha.value > 0


def _bar(path: Any, outer: Matrix) -> Iterator[Box]:
    """Yield the box of a thin rectangle: one that is wide and high is the ground of cells or of words."""
    edges = [ctypes.c_float() for _ in range(4)]
    raw.FPDFPageObj_GetBounds(path, *edges)
    left, bottom, right, top = (edge.value for edge in edges)
    a, b, c, d, e, f = outer
    if min(right - left, top - bottom) * max(abs(a), abs(b), abs(c), abs(d)) <= THIN:
        xs, ys = (
            (left * a + bottom * c + e, right * a + top * c + e),
            (left * b + bottom * d + f, right * b + top * d + f),
        )
        yield min(xs), -max(ys), max(xs), -min(ys)


def _matrix(found: Any) -> Matrix:
    matrix = raw.FS_MATRIX()
    if not raw.FPDFPageObj_GetMatrix(found, matrix):
        return IDENTITY
    return matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f


def _multiply(one: Matrix, two: Matrix) -> Matrix:
    """Return the matrix that applies `one`, then `two`."""
    if two is IDENTITY:
        return one
    a, b, c, d, e, f = one
    g, h, i, j, k, m = two
    return a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m


def _path(path: Any, matrix: Matrix) -> Iterator[Box]:
    """Yield the lines of a path that run along an axis."""
    a, b, c, d, e, f = matrix
    count = raw.FPDFPath_CountSegments(path)
    if count > MOST_SEGMENTS:
        return
    x, y = ctypes.c_float(), ctypes.c_float()
    begin = last = (0.0, 0.0)
    for index in range(count):
        segment = raw.FPDFPath_GetPathSegment(path, index)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        place = x.value * a + y.value * c + e, x.value * b + y.value * d + f
        kind = raw.FPDFPathSegment_GetType(segment)
        if kind == raw.FPDF_SEGMENT_MOVETO:
            begin = place
        elif kind == raw.FPDF_SEGMENT_LINETO:
            yield from _line(last, place)
        last = place
        if raw.FPDFPathSegment_GetClose(segment):
            yield from _line(last, begin)
            last = begin


def _line(one: tuple[float, float], two: tuple[float, float]) -> Iterator[Box]:
    left, right = sorted((one[0], two[0]))
    bottom, top = sorted((one[1], two[1]))
    if (right - left <= STRAIGHT) != (top - bottom <= STRAIGHT):
        yield left, -top, right, -bottom
