"""WebSSO: Keystone's page that posts a token to a trusted dashboard, behind Apache's sign-in (keystone_websso_apache.py)."""

from __future__ import annotations

import html

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud import keystone_websso_apache as apache
from portal.democloud.errors import KEYSTONE, Fault
from portal.democloud.keystone_federation import ALLOWED_IDP, mapped_user
from portal.democloud.keystone_tokens import issue
from portal.democloud.routing import place, route, unauthorized

PATH = "/v3/auth/OS-FEDERATION/websso/{protocol}"
PATH_BY_PROVIDER = "/v3/auth/OS-FEDERATION/identity_providers/{provider}/protocols/{protocol}/websso"
_PAGE = """<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml">
  <head>
    <title>Keystone WebSSO redirect</title>
  </head>
  <body>
     <form id="sso" name="sso" action="{host}" method="post">
       Please wait...
       <br/>
       <input type="hidden" name="token" id="token" value="{token}"/>
       <noscript>
         <input type="submit" name="submit_no_javascript" id="submit_no_javascript"
            value="If your JavaScript is disabled, please click to continue"/>
       </noscript>
     </form>
     <script type="text/javascript">
       window.onload = function() {{
         document.forms['sso'].submit();
       }}
     </script>
  </body>
</html>
"""


async def page(request: Request) -> Response:
    """The page with a token, after the sign-in; the origin is looked at only then, letter by letter."""
    world, _ = place(request)
    known = request.path_params["protocol"] == "openid"
    if not known or request.path_params.get("provider", "access") != "access":
        raise unauthorized(world)
    claims = apache.claims_of(request)
    if claims is None:
        return await apache.sign_in(request)
    origin = request.query_params.get("origin")
    if not origin:
        raise Fault(400, "Request must have an origin query parameter", kind=KEYSTONE)
    eppn = claims.get("eppn")
    if (
        origin not in world.trusted_dashboards
        or claims.get("idp") != ALLOWED_IDP
        or not isinstance(eppn, str)
    ):
        raise unauthorized(world)
    token = issue(world, mapped_user(world, eppn), None, ["openid"])
    content = _PAGE.format(host=html.escape(origin), token=html.escape(token.id))
    return Response(content, 200, media_type="text/html")


def routes() -> list[Route]:
    return [
        route("GET", PATH, page),
        route("GET", PATH_BY_PROVIDER, page),
        route("GET", apache.CALLBACK, apache.come_back),
    ]
