"""The one-time login link that a server prints for its administrator."""

from django.contrib.auth import get_user_model, login
from django.contrib.auth.tokens import default_token_generator
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

ADMINISTRATOR = "admin"


def one_time_path() -> str:
    """Return the path of a link that logs the administrator in once; create the account where there is none.

    The link's token depends on the account's last login. Logging in changes it, so the link works only once.
    """
    user, created = get_user_model().objects.get_or_create(
        username=ADMINISTRATOR, defaults={"is_staff": True, "is_superuser": True}
    )
    if created:
        user.set_unusable_password()
        user.save()
    return reverse("one-time-login", args=(default_token_generator.make_token(user),))


@require_GET
@never_cache
def one_time_login(request: HttpRequest, token: str) -> HttpResponse:
    """Log the administrator in and go to the admin."""
    user = get_user_model().objects.filter(username=ADMINISTRATOR).first()
    if user is None or not user.is_active or not default_token_generator.check_token(user, token):
        here = request.build_absolute_uri("/")
        return HttpResponseForbidden(
            "This link was used before or is not valid. A new one is printed by: manage.py login --url "
            f"{here}\n"
        )
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("admin:index")
