"""What every driver must hold: a function a clause, its docstring the clause in words."""
