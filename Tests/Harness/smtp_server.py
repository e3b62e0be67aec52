#!/usr/bin/python3
"""Mail servers for tests, on loopback: real ones (Debian's aiosmtpd), and some that misbehave.

Prints one line of JSON with the port of each, then one for each mail that was taken over. What happens to a mail is said by
its recipient: see `Mailboxes`. Ends with its standard input, and removes DIRECTORY then.
Usage: smtp_server.py CERTIFICATE KEY [DIRECTORY]
"""
import asyncio
import base64
import email
import email.policy
import json
import logging
import os
import shutil
import ssl
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult

USER, PASSWORD = b"cron", b"p@ss word/:%"


def tell(what):
    print(json.dumps(what), flush=True)


# Addresses that were told to come again.
GREY = set()


class Mailboxes:
    """What becomes of a mail."""

    async def handle_RCPT(self, server, session, envelope, address, options):
        answers = {"later": "451 4.7.1 come again", "nobody": "550 5.1.1 there is nobody of that name"}
        name = address.split("@")[0]
        answer = answers.get(name)
        if name.startswith("grey") and address not in GREY:
            GREY.add(address)
            answer = answers["later"]
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        name = envelope.rcpt_tos[0].split("@")[0]
        if name == "spam":
            return "554 5.7.1 not wanted"
        if name == "full":
            return "452 4.2.2 no room"
        if name == "secret":
            return "554 " + PASSWORD.decode()
        tell(described(server, session, envelope))
        if name == "cut":
            server.transport.abort()
        if name in ("cut", "hang"):
            await asyncio.Event().wait()
        return "250 2.0.0 taken over"

    async def handle_QUIT(self, server, session, envelope):
        if getattr(session, "was_slow", False):
            await asyncio.Event().wait()
        return "221 bye"

    async def handle_MAIL(self, server, session, envelope, address, options):
        session.was_slow = address.startswith("slow")
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"


def described(server, session, envelope):
    """A mail as Python's own reader understands it."""
    message = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
    parts = [part for part in message.walk() if not part.is_multipart()]
    return {
        "raw": base64.b64encode(envelope.original_content).decode(),
        "sender": envelope.mail_from,
        "recipients": envelope.rcpt_tos,
        "greeted": session.host_name,
        "user": session.auth_data.decode() if session.authenticated else None,
        "tls": server.transport.get_extra_info("ssl_object") is not None,
        "headers": {name.lower(): str(value) for name, value in message.items()},
        "type": message.get_content_type(),
        "parts": [
            {"type": part.get_content_type(), "file": part.get_filename(),
             "content": base64.b64encode(part.get_payload(decode=True)).decode()} for part in parts],
        "defects": [type(defect).__name__ for part in message.walk() for defect in part.defects]
        + [type(defect).__name__ for value in message.values() for defect in value.defects],
    }


def sign_in(server, session, envelope, mechanism, data):
    """That a name may not be tried now is what a 454 says."""
    if data.login == b"later":
        return AuthResult(success=False, handled=False, message="454 4.7.0 not now")
    good = data.login == USER and data.password == PASSWORD
    return AuthResult(success=good, handled=False, auth_data=data.login)


SILENCE, END, ENDLESS = object(), object(), object()
# By the first word of a command; "" is the greeting, "." what comes after DATA.
GOOD = {"": "220 here", "EHLO": "250 here", "MAIL": "250 OK", "RCPT": "250 OK", "DATA": "354 go on"}
SCRIPTS = {
    "silent": {"": SILENCE},
    "busy": {"": "421 4.3.2 too busy"},
    "closed": {"": "554 5.3.2 no service here"},
    "nameless": GOOD | {"EHLO": "550 5.7.1 not you", "HELO": "550 5.7.1 not you"},
    "senderless": GOOD | {"MAIL": "550 5.7.1 not from you"},
    "senderless-later": GOOD | {"MAIL": "451 4.7.1 not from you now"},
    "ending": GOOD | {"RCPT": "421 4.7.0 too many errors"},
    "ending-late": GOOD | {".": "421 4.3.0 going down"},
    "recipientless": GOOD | {"RCPT": "550 5.1.1 nobody"},
    "recipientless-silent": GOOD | {"RCPT": "550 5.1.1 nobody", "QUIT": SILENCE},
    "echoing": GOOD | {"RCPT": "550 5.7.1 " + "x" * 1000 + " canary-4711-quokka and more"},
    "echoing-long": GOOD | {"RCPT": "550 5.7.1 " + "canary-4711-quokka" * 90},
    "dataless": GOOD | {"DATA": "554 5.7.1 no mail"},
    "ended": {"": END},
    "endless": {"": ENDLESS},
    "refusing": GOOD | {"EHLO": "250-here\r\n250 STARTTLS", "STARTTLS": "454 4.7.0 no TLS now"},
    "cutting": GOOD | {".": END},
    "tls-cutting": GOOD | {".": END},
    # Takes answers for commands from before TLS began: a client that reads them is taken in (CVE-2021-38371).
    "injecting": GOOD | {"EHLO": "250-here\r\n250 STARTTLS", "STARTTLS": "220 go\r\n250 here\r\n250 OK\r\n250 OK"},
    "unauthenticated": GOOD | {"EHLO": "250-here\r\n250 SIZE 1000000", ".": "250 taken over"},
}


# Nothing else holds a task that waits for ever.
TASKS = set()


async def follow(script, reader, writer):
    TASKS.add(asyncio.current_task())
    try:
        await converse(script, reader, writer)
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        TASKS.discard(asyncio.current_task())


async def converse(script, reader, writer):
    if not await answer(script.get(""), writer):
        return
    while line := await reader.readline():
        command = line.split()[0].decode().upper() if line.split() else ""
        if not await answer(script.get(command, "502 5.5.1 what?"), writer):
            return
        if command == "DATA" and script.get("DATA") == GOOD["DATA"]:
            tell({"data": True})
            if script.get(".") is not END:
                await reader.readuntil(b"\r\n.\r\n")
            if not await answer(script.get("."), writer):
                return


async def answer(what, writer):
    if what is SILENCE or what is None:
        await asyncio.Event().wait()
    if what is END:
        writer.transport.abort()
        return False
    while what is ENDLESS:
        writer.write(b"220-" + b"x" * 500 + b"\r\n")
        await writer.drain()
        # Which lets nobody else in while there is room.
        await asyncio.sleep(0.01)
    writer.write(what.encode() + b"\r\n")
    await writer.drain()
    return True


async def serve(certificate, key):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    loop = asyncio.get_running_loop()
    real = {
        "plain": dict(auth_require_tls=False, authenticator=sign_in),
        "clear": dict(auth_required=True, auth_require_tls=False, authenticator=sign_in),
        "starttls": dict(tls_context=context, require_starttls=True, auth_required=True, authenticator=sign_in),
        "login": dict(
            tls_context=context, require_starttls=True, auth_required=True, authenticator=sign_in,
            auth_exclude_mechanism=["PLAIN"]),
    }
    ports = {}

    async def listen(name, protocol, **more):
        server = await loop.create_server(protocol, "127.0.0.1", 0, **more)
        ports[name] = server.sockets[0].getsockname()[1]

    for name, settings in real.items():
        await listen(name, lambda settings=settings: SMTP(Mailboxes(), hostname="here", **settings))
    await listen(
        "tls", lambda: SMTP(
            Mailboxes(), hostname="here", auth_required=True, auth_require_tls=False, authenticator=sign_in),
        ssl=context)
    for name, script in SCRIPTS.items():
        server = await asyncio.start_server(
            lambda reader, writer, script=script: follow(script, reader, writer), "127.0.0.1", 0,
            ssl=context if name.startswith("tls") else None)
        ports[name] = server.sockets[0].getsockname()[1]
    tell(ports)
    await loop.run_in_executor(None, sys.stdin.read)
    for directory in sys.argv[3:]:
        shutil.rmtree(directory, ignore_errors=True)
    # At once, whoever still waits.
    os._exit(0)


if __name__ == "__main__":
    # Clients that leave in the middle are what is tested here.
    logging.disable()
    warnings.simplefilter("ignore")
    asyncio.run(serve(*sys.argv[1:3]))
