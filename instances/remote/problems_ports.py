"""Why an application of a machine does not show, in words. Imported by `handlers`."""

from portal.core.errors import Problem, register

_SAFE = "The machine and its SUs are not affected."

register(
    {
        "remote:ports-off": Problem(
            title="Ports are not opened here",
            what="This portal has no site of its own for web applications of machines.",
            means=_SAFE,
            todo="Reach the port through your own ssh: ssh -L <port>:localhost:<port> …",
            status=404,
        ),
        "remote:port-not-allowed": Problem(
            title="Port {port} cannot be opened",
            what="The portal opens web applications on ports {allowed}.",
            means=_SAFE,
            todo="Have the application listen on one of these, such as 8888, and open that.",
        ),
        "remote:port-unknown": Problem(
            title="There is nothing at this address",
            what="No port of a machine was opened under this name, or its time is over.",
            means=_SAFE,
            todo="Open the port on the machine's page in the portal.",
            status=404,
        ),
        "remote:port-no-entry": Problem(
            title="This is open to one person",
            what="What is behind this address is shown only to the person who opened it in the portal, in that browser.",
            means=_SAFE,
            todo="If it is your machine, open the port on its page in the portal.",
            status=403,
        ),
        "remote:port-elsewhere": Problem(
            title="A page of another site asked for this",
            what="Another page tried to use an application of a machine in your name. The portal did not let it.",
            means=_SAFE,
            todo="Open the application from the machine's page in the portal.",
            status=403,
        ),
        "remote:port-request": Problem(
            title="This request cannot be passed on",
            what="The browser's request is longer than the portal passes on, or is not well formed.",
            means="The application did not see it. " + _SAFE,
            todo="Clear this site's cookies in your browser and open the port again.",
        ),
        "remote:port-method": Problem(
            title="This kind of request is not passed on",
            what="The portal does not pass CONNECT and TRACE on to machines.",
            means="The application did not see it. " + _SAFE,
            todo="Use another method.",
            status=405,
        ),
        "remote:port-nothing": Problem(
            title="Nothing listens on port {port}",
            what="The machine was reached, and no program on it answers on port {port} of its loopback address.",
            means=_SAFE,
            todo="{start} It has to listen on 127.0.0.1, ::1 or all addresses.",
            status=502,
        ),
        "remote:port-silent": Problem(
            title="The application gave no answer",
            what="Something listens on the port, and ended the connection without an answer.",
            means=_SAFE,
            todo="Look at the application's own messages on the machine. If it speaks HTTPS, open it again with that option.",
            status=502,
        ),
        "remote:port-not-http": Problem(
            title="This is no web application",
            what="Something listens on the port, and what it answers is not HTTP.",
            means=_SAFE,
            todo="Check the number of the port. Databases, SSH and the like cannot be shown in a browser.",
            status=502,
        ),
        "remote:port-tls": Problem(
            title="The application speaks HTTPS",
            what="The port was opened for HTTP, and what answers there speaks HTTPS only.",
            means=_SAFE,
            todo="Open it again with the option “speaks HTTPS”.",
            status=502,
        ),
        "remote:port-no-tls": Problem(
            title="The application does not speak HTTPS",
            what="Port {port} was opened for HTTPS, and what answers there does not speak it.",
            means=_SAFE,
            todo="Open it again without the option “speaks HTTPS”.",
            status=502,
        ),
        "remote:port-cut": Problem(
            title="The connection was cut",
            what="The connection to the machine was lost before the application had answered.",
            means="What you asked for may or may not have been done by the application. " + _SAFE,
            todo="Try again; if it stays, look whether the machine runs.",
            status=502,
        ),
        "remote:port-busy": Problem(
            title="Too much at once",
            what="The portal keeps at most {most} connections to one application, and all are in use.",
            means=_SAFE,
            todo="Close pages of this application that you do not need, and try again.",
            status=503,
        ),
    }
)
