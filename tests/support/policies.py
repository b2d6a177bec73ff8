"""Policies as people have them for Terraform's plans, in Rego: none of them knows of us."""

# No plan may delete anything. (The language of OPA 1.0.)
NO_DELETIONS = """\
package main

import rego.v1

deny contains message if {
    some change in input.resource_changes
    "delete" in change.change.actions
    message := sprintf("%s would be deleted", [change.address])
}
"""

# A score by kind of resource and of change, and a threshold; in the language before OPA 1.0.
SCORE = """\
package terraform.score

import input as plan

most := 100
weights := {
    "campaign": {"create": 1, "update": 2, "delete": 5},
    "aws_instance": {"create": 1, "update": 5, "delete": 50},
}

default allow := false
allow { score <= most }

score := total {
    parts := [part |
        weight := weights[kind][action]
        part := weight * count(of_kind(kind, action))
    ]
    total := sum(parts)
}

of_kind(kind, action) := [change |
    change := plan.resource_changes[_]
    change.mode == "managed"
    change.type == kind
    change.change.actions[_] == action
]
"""

# What is deleted must be someone's, stopped, and asked for under a change ticket.
WITH_A_TICKET = """\
package compliance

import rego.v1

plan := input if {
    input.terraform_version
} else := input.plan if {
    input.plan.terraform_version
}

going contains change if {
    some change in plan.resource_changes
    change.change.actions == ["delete"]
    change.change.after == null
}

violation contains {"resource": change.address, "msg": "no ticket"} if {
    some change in going
    not regex.match(`^CHG-[0-9]+$`, object.get(change.change.before, "ticket", ""))
}

violation contains {"resource": change.address, "msg": "it is running"} if {
    some change in going
    change.change.before.status == "running"
}

warn contains sprintf("%s is left alone: %s", [change.address, change.action_reason]) if {
    some change in plan.resource_changes
    change.change.actions == ["no-op"]
}

# Nothing is planned to be there afterwards, in no module.
left contains resource if {
    walk(plan.planned_values, [path, value])
    path[count(path) - 1] == "resources"
    some resource in value
}
"""

# A plan that its own tool calls not applicable is not looked at any further.
APPLYABLE = """\
package gate

import rego.v1

default allow := false

allow if {
    input.applyable
    input.complete
    not input.errored
    startswith(input.format_version, "1.")
}
"""
