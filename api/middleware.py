"""Around every door: other sites' requests are refused, and no exception gets out as it is."""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.decorators import sync_and_async_middleware  # noqa: F401
from django.utils.deprecation import MiddlewareMixin

from api.access import is_cross_site
from api.errors import Trouble, as_json, trouble_of
