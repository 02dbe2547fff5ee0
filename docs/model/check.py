# SPDX-License-Identifier: Apache-2.0
"""Searches the protocol of a registry for a state that breaks an invariant: see README.md.

The exit status is 1 where the rules do not keep the invariants, or where one can be dropped unpunished.
"""
import argparse
import sys
import time
from typing import Optional

from cases import CASES, DROPS, SOAK, Case
from rules import ALL, Rules
from search import Kind, Outcome, Search
from world import Budget

ROW = "{:<62} {:>9} {:>9}  {:<20} {:>7}"


def main() -> int:
    options = arguments()
    print(ROW.format("configuration", "budget", "states", "result", "seconds"))
    if options.pushers:
        budget = Budget(*options.budget)
        case = Case(tuple(options.pushers), options.gcs, tuple(options.history), budget, options.rounds)
        outcome = row(str(case), case, ALL.without(*options.without))
        show(outcome)
        return 1 if outcome.breach else 0
    holds = [row(str(case), case, ALL) for case in (SOAK if options.soak else CASES)]
    drops = [row(f"without {drop.rule}", drop.case, ALL.without(drop.rule), drop.kind) for drop in DROPS]
    for drop, outcome in zip(DROPS, drops):
        if options.traces:
            print(f"\nwithout {drop.rule}: {drop.case}")
            show(outcome)
    for outcome in holds:
        show(outcome)
    return 1 if any(o.breach for o in holds) or not all(o.breach for o in drops) else 0


def row(title: str, case: Case, rules: Rules, wanted: Optional[Kind] = None) -> Outcome:
    started = time.process_time()
    outcome = Search(case.world(), rules).run(wanted)
    result = f"{outcome.breach.kind.value} in {len(outcome.trace)} steps" if outcome.breach else "no breach"
    seconds = f"{time.process_time() - started:.1f}"
    print(ROW.format(title, "/".join(map(str, case.budget)), outcome.states, result, seconds), flush=True)
    return outcome


def show(outcome: Outcome) -> None:
    if outcome.breach:
        for number, label in enumerate(outcome.trace, 1):
            print(f"  {number:>2}. {label}")
        print(f"      {outcome.breach.text}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--soak", action="store_true", help="also what takes minutes")
    parser.add_argument("--traces", action="store_true", help="print the counterexample of each dropped rule")
    one = parser.add_argument_group("one search of your own")
    one.add_argument("--pushers", nargs="+", metavar="TREE+CLONE", help="A1 B2: A from clone 1, B from 2")
    one.add_argument("--gcs", type=int, default=1)
    one.add_argument("--rounds", type=int, default=1, help="of each gc")
    one.add_argument("--history", nargs="*", default=["push A"], help="'push A' 'retract A' 'upload B'")
    budget = ("CRASHES", "UNANSWERED", "RETRACTS")
    one.add_argument("--budget", nargs=3, type=int, default=[1, 1, 1], metavar=budget)
    one.add_argument("--without", nargs="*", default=[], choices=Rules._fields, metavar="RULE")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
