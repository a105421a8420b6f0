"""Level 8, cli: the command `kogge`. Its errors are one line that says what is wrong and what to do."""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from kogge import desk as desks
from kogge import media, names, table
from kogge.desk import Checked, Desk
from kogge.errors import BadRequest, KoggeError, Misconfigured, Unavailable, Unreadable
from kogge.progress import Progress
from kogge.settings import Settings
from kogge.store.evaluate import Result

log = logging.getLogger(__name__)

FAILED: Final = 1
FOUND: Final = 1
UNREADABLE: Final = 2
IN_USE: Final = 3  # another process has it

# What `--format` of `kogge query` means, as the header Accept: JSON for rows is not JSON for graphs.
_ACCEPT: Final = {
    "table": f"{media.SPARQL_JSON.type}, {media.TURTLE.type}",
    "json": f"{media.SPARQL_JSON.type}, {media.JSON_LD.type}",
    "csv": media.CSV.type,
    "tsv": media.TSV.type,
    "xml": f"{media.SPARQL_XML.type}, {media.RDF_XML.type}",
    "turtle": media.TURTLE.type,
}
_SEVERITIES: Final = {
    "de": {"violation": "Fehler", "warning": "Warnung", "info": "Hinweis"},
    "en": {"violation": "error", "warning": "warning", "info": "note"},
    "nl": {"violation": "fout", "warning": "waarschuwing", "info": "opmerking"},
}
_CONFORMS: Final = {"de": "in Ordnung", "en": "conforms", "nl": "in orde"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code: 0, or what the command says; above 0 for an error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    given = _parser().parse_args(arguments)
    try:
        code = given.run(given)
        sys.stdout.flush()
    except KoggeError as error:
        return _say(error)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - so that the end of the process is silent too
        return 0
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Exception as error:  # a fault of ours; the user still gets one line
        log.debug("unexpected", exc_info=True)
        return _say(
            KoggeError(f"Something of ours failed: {type(error).__name__}: {error}", "Please report it.")
        )
    return int(code)


def _say(error: KoggeError) -> int:
    print(f"kogge: {error}".replace("\n", " "), file=sys.stderr)
    return IN_USE if isinstance(error, Unavailable) else FAILED


# The commands


def _serve(given: argparse.Namespace) -> int:
    from kogge.web import create_app, server
    from kogge.web.log import Lines

    settings = _settings(HOST=given.host, PORT=given.port, HOME=given.home, QUERY_WORKERS=given.query_workers)
    lines = logging.StreamHandler()
    lines.setFormatter(Lines("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[lines])
    # What no line shows is not looked up for each of them (`logging`, "Optimization").
    logging._srcfile = None  # noqa: SLF001 - the documented way
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    signal.signal(signal.SIGTERM, _leave)
    server.files()  # before the store needs them
    listening = _listen(settings)
    with listening:
        desk = Desk.open(settings, Progress(sys.stderr, "en").show)
        print(
            f"Kogge answers on {settings.base_url}   (stop with Ctrl-C)\n"
            f"  try  curl '{settings.base_url}/expertise?q=Wasserstoff'\n"
            f"  or   kogge who Wasserstoff",
            flush=True,
        )
        try:
            app = create_app(settings, desk)
            # Why the service does not start is said in one line, by `main`.
            logging.getLogger("uvicorn.error").addFilter(lambda _: app.state.failure is None)
            try:
                server.run(app, listening, settings)
            except SystemExit:
                if app.state.failure:
                    raise app.state.failure from None
                raise
        finally:
            desk.close()
    return 0


def _leave(*_: object) -> NoReturn:
    """What a SIGTERM does outside of, and at the end of, the orderly shutdown of the server."""
    raise SystemExit(0)


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]
        raise Misconfigured(
            f"{settings.host} port {settings.port} cannot be used: {reason}.",
            "Choose another with --port or --host.",
        ) from error


def _who(given: argparse.Namespace) -> int:
    desk = Desk.in_memory(_settings())
    question = " ".join(given.question)
    asked: dict[str, Any] = {
        "limit": given.limit,
        "lang": given.lang,
        "alliance": given.alliance,
        "country": given.country,
        "explain": given.explain,
    }
    if given.format != "table":
        wanted = {"json": media.JSON, "csv": media.CSV, "turtle": media.TURTLE}[given.format]
        return _write(desk.who_as(wanted, question, **asked))
    answer = desk.who(question, **asked)
    print(table.who(answer, desk.evidence_labels(answer["question"]["lang"]), _width()), end="")
    return 0


def _query(given: argparse.Namespace) -> int:
    if given.query is None:
        return _list_questions()
    text = _text_of(given.query, dict(given.param))
    accept = _ACCEPT[given.format]
    if given.endpoint:
        result = desks.ask_endpoint(given.endpoint, text, accept)
    else:
        result = Desk.in_memory(_settings()).evaluate(text, accept)
    if given.format == "table" and result.media == media.SPARQL_JSON:
        lang = dict(given.param).get("lang", "de")
        print(table.rows(json.loads(result.body), desks.prefixes(), _width(), lang), end="")
        return 0
    return _write(result)


def _list_questions() -> int:
    print("Saved questions; ask one with: kogge query NAME --param NAME=VALUE\n")
    for question in desks.saved():
        print(f"{question.name}\n    {question.summary}")
        for parameter in question.parameters:
            print(f"    --param {parameter.name}={parameter.example}")
    return 0


def _text_of(query: str, params: Mapping[str, str]) -> str:
    """The SPARQL text that NAME, FILE or - stands for, with its parameters."""
    if query != "-" and not Path(query).is_file() and not Path(query).suffix:
        return desks.query_text(query, params)
    if query == "-":
        data, name = sys.stdin.buffer.read(), "standard input"
    else:
        data, name = desks.read_bytes(Path(query)), query
    if query != "-" and data.startswith(b"#+ "):
        return desks.query_text(query, params)
    if params:
        raise BadRequest(f"The query in {name} takes no --param.", "Only saved questions do.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"{name} is not UTF-8.", "Save it as UTF-8.") from error


def _check(given: argparse.Namespace) -> int:
    checked: list[Checked] = []
    unreadable = False
    progress = Progress(sys.stderr, given.lang)
    official = _settings().portal_shapes
    for name in given.files:
        try:
            found = desks.check(Path(name), given.profile, given.lang, given.graph, progress.show, official)
            checked.append(found)
        except KoggeError as error:
            if given.profile not in desks.profiles():
                raise
            _say(error)
            unreadable = True
    progress.end()
    if note := desks.unchecked(given.profile, official, given.lang):
        print(f"kogge: {note}", file=sys.stderr)
    if given.format == "text":
        for each in checked:
            print(
                table.findings(
                    each.name, each.findings, _SEVERITIES[given.lang], _CONFORMS[given.lang], _width()
                ),
                end="",
            )
    elif checked:
        _write(desks.report(checked, media.JSON if given.format == "json" else media.TURTLE))
    if unreadable:
        return UNREADABLE
    return FOUND if any(each.refused for each in checked) else 0


def _template(given: argparse.Namespace) -> int:
    path = Path(given.file)
    if path.suffix.lower() != ".xlsx":
        raise BadRequest(f"'{path}' is no name of a workbook.", "Let it end in .xlsx.")
    desks.write_bytes(path, desks.template(given.lang, steward=given.steward).body)
    print(f"{path}: written")
    return 0


def _format(given: argparse.Namespace) -> int:
    for name in given.files:
        if desks.format_file(Path(name), drop_comments=given.drop_comments):
            print(f"{name}: formatted")
    return 0


def _write(result: Result) -> int:
    """Writes an answer to standard output, byte by byte as it is."""
    sys.stdout.flush()
    sys.stdout.buffer.write(result.body)
    if result.body and not result.body.endswith(b"\n"):
        sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.flush()
    return 0


def _settings(**given: object) -> Settings:
    """The settings of the environment, under those that the command line gives."""
    overriding = {f"KOGGE_{name}": str(value) for name, value in given.items() if value is not None}
    return Settings.from_environment({**os.environ, **overriding})


def _width() -> int:
    return max(40, shutil.get_terminal_size((80, 24)).columns)


# The command line


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kogge", description="Who knows what among cities and their alliances, and how is that known?"
    )
    # Imported here: these commands use this module.
    from kogge.cli import contributing, exporting

    shown = "serve,who,query,check,template,format,partner,contribute,contributions,history,rollback,confirm"
    commands = parser.add_subparsers(required=True, metavar=f"{{{shown},delete,erase,rebuild,export}}")
    _serve_arguments(commands.add_parser("serve", help="start the service"))
    _who_arguments(commands.add_parser("who", help="who has expertise in a topic"))
    _query_arguments(commands.add_parser("query", help="a saved question, or a SPARQL query"))
    _check_arguments(commands.add_parser("check", help="check files against the rules"))
    _template_arguments(commands.add_parser("template", help="a spreadsheet for what a city knows"))
    _format_arguments(commands.add_parser("format", help="put Turtle files into canonical order"))
    contributing.add_commands(commands)
    exporting.add_command(commands)
    return parser


def _serve_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Starts the service; the graph of the repository is loaded at the first start."
    parser.add_argument("--host", help="the network address (KOGGE_HOST)")
    parser.add_argument("--port", help="the port (KOGGE_PORT)")
    parser.add_argument("--home", help="the folder of store and ledger (KOGGE_HOME)")
    parser.add_argument("--query-workers", help="query processes per lane (KOGGE_QUERY_WORKERS)")
    parser.set_defaults(run=_serve)


def _who_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Answers who has expertise in a topic, with the evidence, without a server."
    parser.add_argument("question", nargs="+", help="in German, English or Dutch, for example: Wasserstoff")
    parser.add_argument("--lang", choices=names.LANGUAGES, help="the language of the answer")
    parser.add_argument(
        "--alliance",
        action="append",
        help="only members of this alliance, for example: smarte-hanse; of several any will do",
    )
    parser.add_argument(
        "--country", action="append", help="only this country: DE or NL; of several any will do"
    )
    parser.add_argument("--limit", type=int, default=20, help="how many answers (20, at most 100)")
    parser.add_argument("--explain", action="store_true", help="show the sum that makes each score")
    parser.add_argument("--format", choices=("table", "json", "csv", "turtle"), default="table")
    parser.set_defaults(run=_who)


def _query_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Asks the graph, or another endpoint. Without NAME: lists the saved questions."
    parser.add_argument("query", nargs="?", metavar="NAME|FILE|-", help="a saved question, a file, or stdin")
    parser.add_argument(
        "--param", action="append", default=[], type=_pair, metavar="NAME=VALUE", help="may be repeated"
    )
    parser.add_argument("--format", choices=tuple(_ACCEPT), default="table")
    parser.add_argument("--endpoint", metavar="URL", help="ask this SPARQL endpoint instead")
    parser.set_defaults(run=_query)


def _check_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Exit code 0: all conform, perhaps with warnings; 1: something must change; 2: a file cannot be read."
    )
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--profile", default="contribution", help="contribution, graph, vocabulary or portal")
    parser.add_argument("--graph", metavar="OWNER/SLUG", help="check as sent to this graph by its owner")
    parser.add_argument("--lang", choices=names.LANGUAGES, default="en", help="the language of the messages")
    parser.add_argument("--format", choices=("text", "json", "turtle"), default="text")
    parser.set_defaults(run=_check)


def _template_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Writes a spreadsheet to fill in; `kogge check` reads it, and says what is missing."
    parser.add_argument("file", metavar="FILE.xlsx")
    parser.add_argument(
        "--lang", choices=names.LANGUAGES, default="de", help="the language of the spreadsheet"
    )
    parser.add_argument("--steward", action="store_true", help="with the sheets that the editors fill in")
    parser.set_defaults(run=_template)


def _format_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Rewrites Turtle files in canonical order; comments at their top stay."
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--drop-comments", action="store_true", help="drop comments below the top")
    parser.set_defaults(run=_format)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=VALUE")
    return name, value
