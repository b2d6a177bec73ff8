"""The rules that refuse: one file a guard, each a pure function that answers one question.

A guard's answer is None (nothing against it) or the words of its refusal. It never acts: what
becomes of the answer is the planner's, or apply's, to say.
"""
