"""Proves by iamprover what nobody may do: a request for each line of JSON on stdin, an answer for each on stdout.

Each query is a process of its own with a time limit: what the solver can't decide in it is "undecided", never "proven".
"""

import json
import multiprocessing
import os
import resource
import sys
from multiprocessing.connection import wait

import z3
from iamprover.engine.solver import check_invariant
from iamprover.invariants import parse_invariants
from iamprover.model import Account, Principal
from iamprover.parsers.iam import parse_policy_document


class Undecided(Exception):
    """The solver has given up; iamprover itself would count that as proven."""


class StrictSolver(z3.Solver):
    def check(self, *assumptions):
        outcome = super().check(*assumptions)
        if outcome == z3.unknown:
            raise Undecided(self.reason_unknown())
        return outcome


z3.Solver = StrictSolver


def prove(query):
    boundary = query.get("boundary")
    principal = Principal(
        arn=query["arn"],
        policies=[parse_policy_document("identity", one) for one in query["identity"]],
        permission_boundary=boundary and parse_policy_document("boundary", boundary),
    )
    account = Account(
        principals=[principal],
        resource_policies=[parse_policy_document("resource", one) for one in query["resourcePolicies"]],
        scps=[parse_policy_document("given", one) for one in query["given"]],
    )
    (invariant,) = parse_invariants({"invariants": [query["invariant"]]})
    result = check_invariant(account, invariant)
    if result.passed:
        return {"outcome": "proven"}
    found = result.counterexamples[0]
    return {"outcome": "broken", "action": found.action, "resource": found.resource, "context": found.context}


def start(line):
    query = json.loads(line)
    receiver, sender = processes.Pipe(duplex=False)

    def work():
        # Of the processor's time, so that a busy machine decides as much as an idle one.
        resource.setrlimit(resource.RLIMIT_CPU, (query["seconds"], query["seconds"]))
        try:
            sender.send(prove(query))
        except Undecided as reason:
            sender.send({"outcome": "undecided", "reason": str(reason)})

    process = processes.Process(target=work)
    process.start()
    sender.close()
    return receiver, process, query["seconds"]


def end(receiver, process, seconds):
    try:
        return receiver.recv()
    except EOFError:
        return {"outcome": "undecided", "reason": f"no answer within {seconds} s of the processor"}
    finally:
        process.join()


if __name__ == "__main__":
    # Copies of this process, which has read all it needs; none is made beside another thread.
    processes = multiprocessing.get_context("fork")
    lines = list(sys.stdin)
    answers = {}
    running = {}
    while len(answers) < len(lines):
        while len(running) < os.cpu_count() and len(answers) + len(running) < len(lines):
            index = len(answers) + len(running)
            running[index] = start(lines[index])
        answered = wait([receiver for receiver, *_ in running.values()])
        for index in [one for one in running if running[one][0] in answered]:
            answers[index] = end(*running.pop(index))
    for index in range(len(lines)):
        print(json.dumps(answers[index]))
