"""Level 8, cli: the commands about partners, contributions, versions and erasing.

They work on the ledger in the home folder, also beside a running service, which shows what was done by
itself. Who works on the machine can do what a steward can; with KOGGE_TOKEN set, what that token can.
"""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from kogge import desk as desks
from kogge import names
from kogge.cli import sending
from kogge.desk import Desk
from kogge.errors import BadRequest
from kogge.ledger import Caller, Contribution, Ledger, Version
from kogge.settings import Settings
from kogge.steps import Steps


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the commands of this module to those of `kogge`."""
    _partner_arguments(commands.add_parser("partner", help="partners and their tokens"))
    _contribute_arguments(commands.add_parser("contribute", help="send a contribution to a service"))
    _contributions_arguments(
        commands.add_parser("contributions", help="what was sent, and what becomes of it")
    )
    _versions_arguments(commands)
    erase = _home(commands.add_parser("erase", help="remove a person's data from all versions"))
    erase.add_argument("iri", metavar="IRI")
    erase.set_defaults(run=_erase)
    rebuild = _home(commands.add_parser("rebuild", help="make store and index anew from the ledger"))
    rebuild.set_defaults(run=_rebuild)


# Partners


def _partner_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="{add,list,token,may,revoke}")
    add = _home(commands.add_parser("add", help="a new partner, and a token for one person of it"))
    add.add_argument("partner", help="a short name, for example: luebeck")
    add.add_argument("--name", required=True, help='for example: "Hansestadt Lübeck"')
    add.add_argument(
        "--may",
        nargs="+",
        action="extend",
        default=[],
        metavar="KIND/SLUG",
        help="may speak of this thing too",
    )
    add.add_argument("--four-eyes", choices=("on", "off"), help="other than KOGGE_FOUR_EYES says")
    _token_arguments(add, required=False)
    add.set_defaults(run=_partner_add)
    token = _home(commands.add_parser("token", help="another token, for another person or role"))
    token.add_argument("partner")
    _token_arguments(token, required=True)
    token.set_defaults(run=_partner_token)
    may = _home(commands.add_parser("may", help="let a partner speak of more things"))
    may.add_argument("partner")
    may.add_argument("may", nargs="+", metavar="KIND/SLUG")
    may.set_defaults(run=_partner_may)
    listing = _home(commands.add_parser("list", help="the partners and their tokens, never the values"))
    listing.set_defaults(run=_partner_list)
    revoke = _home(commands.add_parser("revoke", help="end a token at once"))
    revoke.add_argument("token", metavar="ID", help="as in kogge partner list")
    revoke.set_defaults(run=_partner_revoke)


def _token_arguments(parser: argparse.ArgumentParser, *, required: bool) -> None:
    parser.add_argument("--person", required=required, help="whom the token names (the partner)")
    parser.add_argument("--role", choices=("author", "editor", "steward"), default="author")
    parser.add_argument("--days", type=int, default=365, help="how long the token holds (365)")


def _partner_add(given: argparse.Namespace) -> int:
    four_eyes = None if given.four_eyes is None else given.four_eyes == "on"
    with closing(_ledger(given)) as ledger, ledger.transaction():
        ledger.partners.add(given.partner, given.name, given.may, four_eyes=four_eyes, at=_now())
        given.person = given.person or given.name
        return _issue(given, ledger)


def _partner_token(given: argparse.Namespace) -> int:
    with closing(_ledger(given)) as ledger:
        return _issue(given, ledger)


def _issue(given: argparse.Namespace, ledger: Ledger) -> int:
    token, secret = ledger.partners.issue(given.partner, given.person, given.role, days=given.days, at=_now())
    print(
        f"The token of {token.person}, {token.role} of {token.partner}, until {token.expires[:10]}. "
        "It is shown this once:",
        file=sys.stderr,
        flush=True,
    )
    print(secret)
    return 0


def _partner_may(given: argparse.Namespace) -> int:
    with closing(_ledger(given)) as ledger:
        partner = ledger.partners.grant(given.partner, given.may)
    print(f"{partner.slug} may speak of its own things and of {', '.join(partner.may)}.")
    return 0


def _partner_list(given: argparse.Namespace) -> int:
    with closing(_ledger(given)) as ledger:
        for partner in ledger.partners.all():
            print(f"{partner.slug}: {partner.name}" + "".join(f", {grant}" for grant in partner.may))
            for token in ledger.partners.tokens(partner.slug):
                state = f"revoked {token.revoked[:10]}" if token.revoked else f"until {token.expires[:10]}"
                used = f"last used {token.used[:16].replace('T', ' ')}" if token.used else "never used"
                print(f"    {token.id}  {token.role:8}{state:20}  {used:27}  {token.person}")
    return 0


def _partner_revoke(given: argparse.Namespace) -> int:
    with closing(_ledger(given)) as ledger:
        token = ledger.partners.revoke(given.token, at=_now())
    print(f"The token {token.id} of {token.person} ({token.partner}) opens nothing any more.")
    return 0


# Contributions


def _contribute_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Sends a file to a service. The token is taken from KOGGE_TOKEN."
    parser.add_argument("file", metavar="FILE", help="Turtle, N-Triples, JSON-LD, RDF/XML, XLSX or CSV")
    parser.add_argument("--graph", required=True, metavar="OWNER/SLUG", help="for example: luebeck/projekte")
    parser.add_argument("--to", required=True, metavar="URL", help="the address of the service")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be found")
    parser.add_argument("--if-match", type=int, metavar="N", help="only if the graph is at this version")
    parser.add_argument("--lang", choices=names.LANGUAGES, default="en", help="the language of the messages")
    parser.set_defaults(run=_contribute)


def _contribute(given: argparse.Namespace) -> int:
    return sending.contribute(
        desks.read_bytes(Path(given.file)),
        Path(given.file).suffix.lower(),
        given.to,
        _graph(given.graph).removeprefix(names.GRAPH),
        dry_run=given.dry_run,
        if_match=given.if_match,
        lang=given.lang,
    )


def _contributions_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="{list,show,accept,return,reject,withdraw}")
    listing = _home(commands.add_parser("list", help="the newest first"))
    listing.add_argument("--state", choices=("staged", "returned", "rejected", "withdrawn", "published"))
    listing.set_defaults(run=_list)
    show = _home(commands.add_parser("show", help="one, with its steps and what it would change"))
    show.add_argument("number", type=int, metavar="NUMBER")
    show.set_defaults(run=_show)
    for what, text in (
        ("accept", "release it"),
        ("return", "give it back, to be sent anew"),
        ("reject", "turn it down"),
        ("withdraw", "take it back"),
    ):
        step = _home(commands.add_parser(what, help=text))
        step.add_argument("number", type=int, metavar="NUMBER")
        step.add_argument("--note", default="", help="why; the sender sees it")
        step.add_argument(
            "--to", metavar="URL", help="at this service, with KOGGE_TOKEN, not in the home folder"
        )
        step.set_defaults(run=_step, what=what)


def _list(given: argparse.Namespace) -> int:
    with _looking(given) as (steps, caller):
        for each in steps.contributions(caller, state=given.state):
            print(_line(each))
    return 0


def _show(given: argparse.Namespace) -> int:
    with _looking(given) as (steps, caller):
        print(_line(steps.contribution(given.number, caller)))
        for step in steps.taken(given.number, caller):
            note = f": {step.note}" if step.note else ""
            print(f"    {step.at[:16].replace('T', ' ')}  {step.what:10}{step.who} ({step.partner}){note}")
        change = steps.change(given.number, caller)
    for sign, text, count in (("+", change.added, change.counts[0]), ("-", change.removed, change.counts[1])):
        if count:
            print(f"\n{count} statements {'added' if sign == '+' else 'removed'}:\n")
            lines = [line for line in text.splitlines() if line and not line.startswith("@prefix")]
            print("\n".join(f"{sign} {line}" for line in lines))
    return 0


def _step(given: argparse.Namespace) -> int:
    if given.to:
        return sending.step(given.to, given.number, given.what, given.note)
    with _working(given) as (steps, caller):
        take = {
            "accept": steps.accept,
            "return": steps.return_,
            "reject": steps.reject,
            "withdraw": steps.withdraw,
        }[given.what]
        print(_line(take(given.number, caller, given.note)))
    return 0


def _line(each: Contribution) -> str:
    version = f" as version {each.version}" if each.version is not None else ""
    graph = each.graph.removeprefix(names.GRAPH)
    return f"{each.number:6}  {each.at[:10]}  {graph}  {each.state}{version}  {each.person} ({each.partner})"


# Versions


def _versions_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    history = _home(commands.add_parser("history", help="the versions of a graph"))
    history.set_defaults(run=_history)
    rollback = _home(commands.add_parser("rollback", help="make an old version of a graph the newest"))
    rollback.set_defaults(run=_roll_back)
    confirm = _home(commands.add_parser("confirm", help="say that what a graph says is still valid"))
    confirm.set_defaults(run=_confirm)
    delete = _home(commands.add_parser("delete", help="make a graph empty; its versions stay"))
    delete.set_defaults(run=_delete)
    for parser in (history, rollback, confirm, delete):
        parser.add_argument("graph", metavar="GRAPH", help="OWNER/SLUG or IRI")
    rollback.add_argument("version", type=int, metavar="VERSION")
    for parser in (rollback, confirm, delete):
        parser.add_argument("--if-match", type=int, metavar="N", help="only if the graph is at this version")
    for parser in (rollback, delete):
        parser.add_argument("--note", default="", help="why")


def _history(given: argparse.Namespace) -> int:
    with _looking(given) as (steps, _):
        for each in steps.history(_graph(given.graph)):
            print(_version(each))
    return 0


def _roll_back(given: argparse.Namespace) -> int:
    with _working(given) as (steps, caller):
        print(
            _version(
                steps.roll_back(
                    _graph(given.graph), given.version, caller, given.note, if_match=given.if_match
                )
            )
        )
    return 0


def _confirm(given: argparse.Namespace) -> int:
    with _working(given) as (steps, caller):
        made = steps.confirm(_graph(given.graph), caller, if_match=given.if_match)
    print(_version(made) if made else "That is noted already.")
    return 0


def _delete(given: argparse.Namespace) -> int:
    with _working(given) as (steps, caller):
        print(_version(steps.delete(_graph(given.graph), caller, given.note, if_match=given.if_match)))
    return 0


def _version(each: Version) -> str:
    whence = f"contribution {each.contribution}" if each.contribution is not None else each.origin
    erased = f", data of a person erased {each.erased[:10]}" if each.erased else ""
    who = each.who.removeprefix(names.ID)
    return f"version {each.version:4}  {each.at[:16].replace('T', ' ')}  {whence}  {who}{erased}"


# Erasing and rebuilding


def _erase(given: argparse.Namespace) -> int:
    with _working(given) as (steps, caller):
        erased = steps.erase(given.iri, caller)
    print(f"{erased.triples} statements were removed, from all versions of {len(erased.graphs)} graphs.")
    for graph in erased.still_named:
        print(f"The name still stands in a text of {graph.removeprefix(names.GRAPH)}: change that there.")
    print("Files of the repository and backups are not changed by this.")
    return 0


def _rebuild(given: argparse.Namespace) -> int:
    before, after = desks.rebuild(_settings(given))
    same = "the same as before" if before == after else f"before it was {before or 'damaged'}"
    print(f"The store was made anew from the ledger. State {after}: {same}.")
    return 0


# What they share


def _home(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--home", help="the folder of store and ledger (KOGGE_HOME)")
    return parser


def _settings(given: argparse.Namespace) -> Settings:
    home = {"KOGGE_HOME": given.home} if given.home else {}
    return Settings.from_environment({**os.environ, **home})


def _ledger(given: argparse.Namespace) -> Ledger:
    return desks.open_ledger(_settings(given))


def _caller(ledger: Ledger) -> Caller:
    if token := os.environ.get("KOGGE_TOKEN"):
        return ledger.partners.who(token)
    return desks.operator(ledger, getpass.getuser())


@contextmanager
def _looking(given: argparse.Namespace) -> Iterator[tuple[Steps, Caller]]:
    """Steps that change nothing in public: the ledger is enough for them."""
    with closing(_ledger(given)) as ledger:
        yield desks.steps_beside(ledger, _settings(given)), _caller(ledger)


@contextmanager
def _working(given: argparse.Namespace) -> Iterator[tuple[Steps, Caller]]:
    """Steps of which the public sees something: at once, or where a service runs, when that has looked."""
    settings = _settings(given)
    with closing(_ledger(given)) as ledger:
        caller = _caller(ledger)
        if not desks.in_use(settings):
            with closing(Desk.open(settings)) as desk:
                yield desk.steps, caller
            return
        yield desks.steps_beside(ledger, settings), caller
        print("The service that runs shows it with one of the next requests.", file=sys.stderr)


def _graph(text: str) -> str:
    if text.startswith(names.GRAPH):
        return text
    parts: Sequence[str] = text.split("/")
    if len(parts) != 2 or not all(names.SLUG.fullmatch(part) for part in parts):
        raise BadRequest(f"'{text}' names no graph.", "Give OWNER/SLUG, for example luebeck/projekte.")
    return names.graph(*parts)


def _now() -> datetime:
    return datetime.now(UTC)
