"""CACAO 2.0 in and out: a runbook as a playbook that others read, and others' playbooks as drafts of a runbook.

Source: OASIS CACAO Security Playbooks Version 2.0, Committee Specification 01, 27 November 2023.
"""
